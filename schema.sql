-- The schema after the last migration. Drydock keeps this file current: inv migrate.

CREATE TABLE account_connection_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    institution_id INTEGER NOT NULL REFERENCES institutions (id) ON DELETE CASCADE,
    account_id INTEGER REFERENCES accounts (id) ON DELETE CASCADE,
    event TEXT NOT NULL CHECK (event IN ('linked', 'synced', 'failed', 'relinked', 'removed')),
    detail TEXT,
    logged_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    institution_id INTEGER NOT NULL
        REFERENCES institutions (id) ON DELETE CASCADE ON UPDATE CASCADE,
    plaid_account_id TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('checking', 'savings', 'credit', 'loan')),
    mask TEXT,
    currency TEXT NOT NULL DEFAULT 'USD',
    balance DECIMAL(10,2) NOT NULL DEFAULT 0,
    is_hidden BOOLEAN NOT NULL DEFAULT 0 CHECK (is_hidden IN (0, 1)),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE budget_allocations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    month TEXT NOT NULL CHECK (month GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]'),
    category TEXT COLLATE NOCASE NOT NULL,
    amount DECIMAL(10,2) NOT NULL CHECK (amount >= 0),
    rollover BOOLEAN NOT NULL DEFAULT 0 CHECK (rollover IN (0, 1)),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (household, month, category)
);

CREATE TABLE chat_goals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    title TEXT NOT NULL,
    target_amount DECIMAL(10,2) CHECK (target_amount > 0),
    due DATE,
    status TEXT NOT NULL DEFAULT 'active'
        CHECK (status IN ('active', 'reached', 'abandoned')),
    source_message TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
, "dimension" TEXT NOT NULL);

CREATE TABLE institutions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    name TEXT COLLATE NOCASE NOT NULL,
    plaid_item_id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL DEFAULT 'connected'
        CHECK (status IN ('connected', 'login_required', 'disconnected')),
    last_synced_at TIMESTAMP,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE monthly_income (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    month TEXT NOT NULL CHECK (month GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]'),
    source TEXT NOT NULL,
    amount DECIMAL(10,2) NOT NULL CHECK (amount >= 0),
    received_on DATE,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE monthly_reflections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    month TEXT NOT NULL CHECK (month GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]'),
    mood INTEGER CHECK (mood BETWEEN 1 AND 5),
    went_well TEXT,
    to_improve TEXT,
    total_spent DECIMAL(10,2) NOT NULL DEFAULT 0,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, "buddy_insights" TEXT, total_income DECIMAL(10,2) NOT NULL DEFAULT 0, total_saved DECIMAL(10,2) NOT NULL DEFAULT 0,
    UNIQUE (household, month)
);

CREATE TABLE sinking_fund_transactions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    fund_id INTEGER NOT NULL REFERENCES sinking_funds (id) ON DELETE CASCADE,
    transaction_id INTEGER REFERENCES transactions (id) ON DELETE SET NULL,
    date DATE NOT NULL,
    amount DECIMAL(10,2) NOT NULL CHECK (amount > 0),
    kind TEXT NOT NULL DEFAULT 'contribution' CHECK (kind IN ('contribution', 'withdrawal')),
    note TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE "sinking_funds" (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    name TEXT COLLATE NOCASE NOT NULL,
    target_amount DECIMAL(10,2) NOT NULL CHECK (target_amount > 0),
    target_date DATE,
    monthly_contribution DECIMAL(10,2),
    is_active BOOLEAN NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (household, name)
);

CREATE TABLE subscription_patterns (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    merchant TEXT NOT NULL,
    account_id INTEGER REFERENCES accounts (id) ON DELETE SET NULL,
    typical_amount DECIMAL(10,2) NOT NULL CHECK (typical_amount > 0),
    frequency TEXT NOT NULL DEFAULT 'monthly'
        CHECK (frequency IN ('weekly', 'monthly', 'yearly')),
    first_seen DATE NOT NULL,
    last_seen DATE NOT NULL,
    confidence REAL NOT NULL DEFAULT 0.5 CHECK (confidence BETWEEN 0 AND 1),
    is_active BOOLEAN NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    CHECK (last_seen >= first_seen)
);

CREATE TABLE transaction_aggregations (
    id INTEGER PRIMARY KEY,
    household TEXT COLLATE NOCASE NOT NULL,
    month TEXT NOT NULL,
    category TEXT COLLATE NOCASE NOT NULL,
    spent DECIMAL(10,2) NOT NULL DEFAULT 0,
    income DECIMAL(10,2) NOT NULL DEFAULT 0,
    transaction_count INTEGER NOT NULL DEFAULT 0 CHECK (transaction_count >= 0),
    UNIQUE (household, month, category)
);

CREATE TABLE transaction_splits (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    transaction_id INTEGER NOT NULL REFERENCES transactions (id) ON DELETE CASCADE,
    category TEXT COLLATE NOCASE NOT NULL,
    amount DECIMAL(10,2) NOT NULL CHECK (amount <> 0),
    note TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (transaction_id, category)
);

CREATE TABLE transactions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    date DATE NOT NULL,
    description TEXT NOT NULL,
    merchant TEXT COLLATE NOCASE,
    amount DECIMAL(10,2) NOT NULL CHECK (amount <> 0), -- below zero is spent
    category TEXT COLLATE NOCASE NOT NULL DEFAULT 'Uncategorized',
    is_income BOOLEAN NOT NULL DEFAULT 0 CHECK (is_income IN (0, 1)),
    notes TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
, account_id INTEGER REFERENCES accounts (id) ON DELETE SET NULL, plaid_transaction_id TEXT, pending BOOLEAN NOT NULL DEFAULT 0 CHECK (pending IN (0, 1)), trip_tag TEXT);

CREATE TABLE weekly_plans (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    week_start DATE NOT NULL,
    reflection_id INTEGER REFERENCES weekly_reflections (id) ON DELETE SET NULL,
    focus_category TEXT COLLATE NOCASE,
    spending_limit DECIMAL(10,2) CHECK (spending_limit > 0),
    status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'kept', 'missed')),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (household, week_start)
);

CREATE TABLE weekly_reflections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    week_start DATE NOT NULL,
    proud_of TEXT,
    surprised_by TEXT,
    mood INTEGER CHECK (mood BETWEEN 1 AND 5),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE weekly_summaries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    household TEXT COLLATE NOCASE NOT NULL DEFAULT 'Home',
    week_start DATE NOT NULL,
    total_spent DECIMAL(10,2) NOT NULL DEFAULT 0,
    total_income DECIMAL(10,2) NOT NULL DEFAULT 0,
    top_category TEXT COLLATE NOCASE,
    transaction_count INTEGER NOT NULL DEFAULT 0 CHECK (transaction_count >= 0),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, "buddy_insights" TEXT,
    UNIQUE (household, week_start)
);

CREATE VIRTUAL TABLE transactions_fts USING fts5(
    description,
    merchant,
    content='transactions',
    content_rowid='id'
);

CREATE INDEX idx_account_connection_log_account ON account_connection_log (account_id);

CREATE INDEX idx_account_connection_log_institution
    ON account_connection_log (institution_id, logged_at DESC);

CREATE INDEX idx_accounts_institution ON accounts (institution_id);

CREATE UNIQUE INDEX idx_accounts_plaid_account ON accounts (plaid_account_id);

CREATE INDEX idx_chat_goals_active ON chat_goals (household, due) WHERE status = 'active';

CREATE INDEX idx_monthly_income_month ON monthly_income (household, month);

CREATE INDEX idx_sinking_fund_transactions_fund ON sinking_fund_transactions (fund_id, date);

CREATE INDEX idx_sinking_fund_transactions_transaction
    ON sinking_fund_transactions (transaction_id) WHERE transaction_id IS NOT NULL;

CREATE INDEX idx_subscription_patterns_account ON subscription_patterns (account_id);

CREATE UNIQUE INDEX idx_subscription_patterns_merchant
    ON subscription_patterns (household, lower(merchant));

CREATE INDEX idx_transactions_account ON transactions (account_id, date)
    WHERE account_id IS NOT NULL;

CREATE INDEX idx_transactions_household_category
    ON transactions (household, category, date DESC);

CREATE INDEX idx_transactions_household_date ON transactions (household, date DESC);

CREATE UNIQUE INDEX idx_transactions_plaid ON transactions (plaid_transaction_id)
    WHERE plaid_transaction_id IS NOT NULL;

CREATE INDEX idx_transactions_trip_tag ON transactions (trip_tag) WHERE trip_tag IS NOT NULL;

CREATE INDEX idx_weekly_plans_reflection ON weekly_plans (reflection_id);

CREATE UNIQUE INDEX idx_weekly_reflections_week
    ON weekly_reflections (household, week_start);

CREATE VIEW monthly_spending AS
SELECT household, strftime('%Y-%m', date) AS month, category,
       round(-sum(amount), 2) AS spent,
       round(-sum(CASE WHEN trip_tag IS NULL THEN 0 ELSE amount END), 2) AS spent_on_trips,
       count(*) AS transactions
FROM transactions
WHERE is_income = 0 AND category <> 'Transfer'
GROUP BY household, month, category;

CREATE VIEW sinking_fund_balances AS
SELECT f.id, f.household, f.name, f.target_amount,
       round(coalesce(sum(CASE t.kind WHEN 'withdrawal' THEN -t.amount ELSE t.amount END), 0), 2)
           AS saved
FROM sinking_funds AS f
LEFT JOIN sinking_fund_transactions AS t ON t.fund_id = f.id
GROUP BY f.id;

CREATE TRIGGER accounts_updated_at
AFTER UPDATE OF name, kind, currency, balance, is_hidden ON accounts
WHEN NEW.updated_at IS OLD.updated_at
BEGIN
    UPDATE accounts SET updated_at = CURRENT_TIMESTAMP WHERE id = NEW.id;
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

CREATE TRIGGER transactions_fts_delete AFTER DELETE ON transactions
BEGIN
    INSERT INTO transactions_fts (transactions_fts, rowid, description, merchant)
    VALUES ('delete', OLD.id, OLD.description, OLD.merchant);
END;

CREATE TRIGGER transactions_fts_insert AFTER INSERT ON transactions
BEGIN
    INSERT INTO transactions_fts (rowid, description, merchant)
    VALUES (NEW.id, NEW.description, NEW.merchant);
END;

CREATE TRIGGER transactions_fts_update AFTER UPDATE OF description, merchant ON transactions
BEGIN
    INSERT INTO transactions_fts (transactions_fts, rowid, description, merchant)
    VALUES ('delete', OLD.id, OLD.description, OLD.merchant);
    INSERT INTO transactions_fts (rowid, description, merchant)
    VALUES (NEW.id, NEW.description, NEW.merchant);
END;

CREATE TRIGGER transactions_updated_at
AFTER UPDATE OF date, description, merchant, amount, category, is_income, notes, account_id, pending
ON transactions
WHEN NEW.updated_at IS OLD.updated_at
BEGIN
    UPDATE transactions SET updated_at = CURRENT_TIMESTAMP WHERE id = NEW.id;
END;
