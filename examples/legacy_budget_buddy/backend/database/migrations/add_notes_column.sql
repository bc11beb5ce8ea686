ALTER TABLE transactions ADD COLUMN notes TEXT;
