"""Everything the first release remembers."""

import secrets

import sqlalchemy as sa
from alembic import op

import monitor.store.schema

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feeds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("etag", sa.Text(), server_default="", nullable=False),
        sa.Column("last_modified", sa.Text(), server_default="", nullable=False),
        sa.Column("body_digest", sa.LargeBinary(), server_default=sa.text("('')"), nullable=False),
        sa.Column("first_polled", monitor.store.schema.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_polled", monitor.store.schema.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_ok", monitor.store.schema.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_new", monitor.store.schema.UtcDateTime(timezone=True), nullable=True),
        sa.Column("next_poll", monitor.store.schema.UtcDateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("moved_to", sa.Text(), server_default="", nullable=False),
        sa.Column("polled", sa.Boolean(), server_default=sa.text("(true)"), nullable=False),
        sa.Column("lease_until", monitor.store.schema.UtcDateTime(timezone=True), nullable=True),
        sa.Column("leased_by", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feeds")),
        sa.UniqueConstraint("name", name=op.f("uq_feeds_name")),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
    )
    op.create_table(
        "models",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created", monitor.store.schema.UtcDateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("promoted", monitor.store.schema.UtcDateTime(timezone=True), nullable=True),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("files", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_models")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("profile", sa.Text(), server_default="", nullable=False),
        sa.Column("period", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created", monitor.store.schema.UtcDateTime(timezone=True), nullable=False),
        sa.Column("next_try", monitor.store.schema.UtcDateTime(timezone=True), nullable=True),
        sa.Column("lease_until", monitor.store.schema.UtcDateTime(timezone=True), nullable=True),
        sa.Column("leased_by", sa.Text(), server_default="", nullable=False),
        sa.Column("sent", monitor.store.schema.UtcDateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_recipient_created"), ["recipient", "created"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_state_next_try"), ["state", "next_try"], unique=False)
        batch_op.create_index(
            "uq_outbox_digest",
            ["recipient", "channel", "profile", "period"],
            unique=True,
            sqlite_where=sa.text("kind = 'digest'"),
            postgresql_where=sa.text("kind = 'digest'"),
        )

    op.create_table(
        "passes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("started", monitor.store.schema.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended", monitor.store.schema.UtcDateTime(timezone=True), nullable=True),
        sa.Column("feeds", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reached", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("entries_seen", sa.Integer(), server_default="0", nullable=False),
        sa.Column("items_new", sa.Integer(), server_default="0", nullable=False),
        sa.Column("items_baseline", sa.Integer(), server_default="0", nullable=False),
        sa.Column("duplicates", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rejected", sa.Integer(), server_default="0", nullable=False),
        sa.Column("items_flagged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("alerts_new", sa.Integer(), server_default="0", nullable=False),
        sa.Column("alerts_held", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passes")),
    )
    with op.batch_alter_table("passes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_passes_ended"), ["ended"], unique=False)

    op.create_table(
        "stories",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("first_seen", monitor.store.schema.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_seen", monitor.store.schema.UtcDateTime(timezone=True), nullable=False),
        sa.Column("labels", sa.Text(), server_default="", nullable=False),
        sa.Column("topics", sa.Text(), server_default="", nullable=False),
        sa.Column("countries", sa.Text(), server_default="", nullable=False),
        sa.Column("severity", sa.Integer(), server_default="0", nullable=False),
        sa.Column("urgency", sa.Text(), server_default="", nullable=False),
        sa.Column("certainty", sa.Text(), server_default="", nullable=False),
        sa.Column("item_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("feeds", sa.JSON(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stories")),
    )
    with op.batch_alter_table("stories", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stories_last_seen"), ["last_seen"], unique=False)

    op.create_table(
        "alerts",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("story", sa.String(length=16), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("labels", sa.Text(), server_default="", nullable=False),
        sa.Column("topics", sa.Text(), server_default="", nullable=False),
        sa.Column("countries", sa.Text(), server_default="", nullable=False),
        sa.Column("severity", sa.Integer(), server_default="0", nullable=False),
        sa.Column("urgency", sa.Text(), server_default="", nullable=False),
        sa.Column("certainty", sa.Text(), server_default="", nullable=False),
        sa.Column("points", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("opened", monitor.store.schema.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated", monitor.store.schema.UtcDateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("held", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("item_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("feeds", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["story"], ["stories.id"], name=op.f("fk_alerts_story_stories")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("profile", "story", name=op.f("uq_alerts_profile_story")),
    )
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alerts_opened"), ["opened"], unique=False)
        batch_op.create_index(batch_op.f("ix_alerts_state_level"), ["state", "level"], unique=False)

    op.create_table(
        "items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("content_key", sa.LargeBinary(), nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("url", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("published", monitor.store.schema.UtcDateTime(timezone=True), nullable=True),
        sa.Column("fetched", monitor.store.schema.UtcDateTime(timezone=True), nullable=False),
        sa.Column("date_doubt", sa.Text(), server_default="", nullable=False),
        sa.Column("baseline", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("judged", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("story", sa.String(length=16), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name=op.f("fk_items_feed_id_feeds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
        sa.UniqueConstraint("feed_id", "key", name=op.f("uq_items_feed_id_key")),
    )
    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_items_feed_id_content_key"), ["feed_id", "content_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_items_fetched"), ["fetched"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_items_story"),
            ["story"],
            unique=False,
            sqlite_where=sa.text("story <> ''"),
            postgresql_where=sa.text("story <> ''"),
        )
        batch_op.create_index(batch_op.f("ix_items_url"), ["url"], unique=False)
        batch_op.create_index(
            "ix_items_waiting",
            ["id"],
            unique=False,
            sqlite_where=sa.text("NOT judged"),
            postgresql_where=sa.text("NOT judged"),
        )

    op.create_table(
        "alert_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert", sa.String(length=16), nullable=False),
        sa.Column("at", monitor.store.schema.UtcDateTime(timezone=True), nullable=False),
        sa.Column("author", sa.Text(), server_default="", nullable=False),
        sa.Column("what", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["alert"], ["alerts.id"], name=op.f("fk_alert_events_alert_alerts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_events")),
    )
    with op.batch_alter_table("alert_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alert_events_alert"), ["alert"], unique=False)

    op.create_table(
        "judgements",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), server_default="", nullable=False),
        sa.Column("labels", sa.Text(), server_default="", nullable=False),
        sa.Column("geopolitical", sa.Float(), nullable=False),
        sa.Column("compliance", sa.Float(), nullable=False),
        sa.Column("supply_chain", sa.Float(), nullable=False),
        sa.Column("unsure", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("flagged", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("topics", sa.Text(), server_default="", nullable=False),
        sa.Column("countries", sa.Text(), server_default="", nullable=False),
        sa.Column("severity", sa.Integer(), server_default="0", nullable=False),
        sa.Column("urgency", sa.Text(), server_default="", nullable=False),
        sa.Column("certainty", sa.Text(), server_default="", nullable=False),
        sa.Column("stage", sa.Text(), server_default="", nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["items.id"], name=op.f("fk_judgements_item_id_items"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_judgements")),
    )
    with op.batch_alter_table("judgements", schema=None) as batch_op:
        batch_op.create_index(
            "ix_judgements_to_review",
            ["item_id"],
            unique=False,
            sqlite_where=sa.text("flagged OR unsure"),
            postgresql_where=sa.text("flagged OR unsure"),
        )

    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=16), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("alert", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("immediate", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.Column("created", monitor.store.schema.UtcDateTime(timezone=True), nullable=False),
        sa.Column("message", sa.Integer(), nullable=True),
        sa.Column("skipped", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["alert"], ["alerts.id"], name=op.f("fk_notices_alert_alerts")),
        sa.ForeignKeyConstraint(["message"], ["outbox.id"], name=op.f("fk_notices_message_outbox")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint(
            "recipient",
            "channel",
            "alert",
            "reason",
            "revision",
            name=op.f("uq_notices_recipient_channel_alert_reason_revision"),
        ),
    )
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notices_alert"), ["alert"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_notices_recipient_immediate"),
            ["recipient", "immediate"],
            unique=False,
            sqlite_where=sa.text("message IS NULL AND skipped = ''"),
            postgresql_where=sa.text("message IS NULL AND skipped = ''"),
        )

    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("labels", sa.Text(), server_default="", nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at", monitor.store.schema.UtcDateTime(timezone=True), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("undone", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_verdicts_item_id_items")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdicts")),
    )
    with op.batch_alter_table("verdicts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_verdicts_item_id"), ["item_id"], unique=False)

    rows = [{"name": "install_id", "value": secrets.token_hex(8)}, {"name": "decisions", "value": "0"}]
    op.bulk_insert(sa.table("meta", sa.column("name"), sa.column("value")), rows)
