-- Migration: add trip tags
-- Date: 2025-03-22
-- Author: Aiko Tanaka
-- Purpose: Mark what was spent on a journey, whatever its category.

ALTER TABLE transactions ADD COLUMN trip_tag TEXT;

CREATE INDEX idx_transactions_trip_tag ON transactions (trip_tag) WHERE trip_tag IS NOT NULL;
