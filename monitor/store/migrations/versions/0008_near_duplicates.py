"""Texts that are nearly the same."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "text_bands",
        sa.Column("band", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["items.id"], name=op.f("fk_text_bands_item_id_items"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("band", "item_id", name=op.f("pk_text_bands")),
    )
    op.create_index(op.f("ix_text_bands_item_id"), "text_bands", ["item_id"])
    op.create_table(
        "near_duplicates",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("duplicate_of", sa.Integer(), nullable=False),
        sa.Column("likeness", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["items.id"], name=op.f("fk_near_duplicates_item_id_items"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["duplicate_of"], ["items.id"], name=op.f("fk_near_duplicates_duplicate_of_items"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_near_duplicates")),
    )
    op.create_index(op.f("ix_near_duplicates_duplicate_of"), "near_duplicates", ["duplicate_of"])
