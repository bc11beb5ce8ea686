from sqlalchemy import Boolean, Column, Date, Integer, Numeric, String

from backend.database.session import Base


class Transaction(Base):
    __tablename__ = "transactions"

    id = Column(Integer, primary_key=True)
    date = Column(Date, nullable=False)
    description = Column(String, nullable=False)
    amount = Column(Numeric(10, 2, asdecimal=False), nullable=False)
    category = Column(String)
    is_income = Column(Boolean, default=False)
    account = Column(String)
    notes = Column(String)


class BudgetAllocation(Base):
    __tablename__ = "budget_allocations"

    id = Column(Integer, primary_key=True)
    month = Column(String, nullable=False)
    category = Column(String, nullable=False)
    amount = Column(Numeric(10, 2, asdecimal=False), nullable=False)
