-- Migration: keep updated_at
-- Date: 2021-11-02
-- Author: Mara Lindqvist
-- Purpose: The database keeps updated_at itself; an importer had forgotten to.

-- Each trigger names its columns and leaves updated_at out, so it cannot set itself off again
-- where recursive_triggers is on. Whoever sets updated_at is believed.
CREATE TRIGGER transactions_updated_at
AFTER UPDATE OF date, description, merchant, amount, category, is_income, notes, account_id, pending
ON transactions
WHEN NEW.updated_at IS OLD.updated_at
BEGIN
    UPDATE transactions SET updated_at = CURRENT_TIMESTAMP WHERE id = NEW.id;
END;

CREATE TRIGGER budget_allocations_updated_at
AFTER UPDATE OF month, category, amount, rollover ON budget_allocations
WHEN NEW.updated_at IS OLD.updated_at
BEGIN
    UPDATE budget_allocations SET updated_at = CURRENT_TIMESTAMP WHERE id = NEW.id;
END;

CREATE TRIGGER sinking_funds_updated_at
AFTER UPDATE OF name, target_amount, target_date, monthly_contribution, is_active ON sinking_funds
WHEN NEW.updated_at IS OLD.updated_at
BEGIN
    UPDATE sinking_funds SET updated_at = CURRENT_TIMESTAMP WHERE id = NEW.id;
END;

CREATE TRIGGER accounts_updated_at
AFTER UPDATE OF name, kind, currency, balance, is_hidden ON accounts
WHEN NEW.updated_at IS OLD.updated_at
BEGIN
    UPDATE accounts SET updated_at = CURRENT_TIMESTAMP WHERE id = NEW.id;
END;
