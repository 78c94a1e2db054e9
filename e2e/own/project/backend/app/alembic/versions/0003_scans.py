"""scans of an item"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table of scans, and ask for a known status."""
    op.create_table(
        "scans",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column(
            "item_id", sa.Integer, sa.ForeignKey("items.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("seen_at", sa.DateTime, nullable=False, server_default=sa.func.now()),
    )
    op.create_index("scans_item", "scans", ["item_id"])
    op.create_check_constraint(
        "items_status", "items", "status IN ('announced', 'stored', 'travelling', 'delivered')"
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_constraint("items_status", "items")
    op.drop_table("scans")
