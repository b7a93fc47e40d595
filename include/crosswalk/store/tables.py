"""The tables of the store. Their comments are the reference of docs/store.md.

A change here needs a revision in migrations/versions; a test compares both.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKeyConstraint, Index, Table, UniqueConstraint

from crosswalk.store import columns as table_parts
from crosswalk.store.column_types import CleanText

metadata = table_parts.metadata

_account_columns, _text, _number = table_parts.account_columns, table_parts.text, table_parts.number
_time, _json = table_parts.time, table_parts.json

binding = Table(
    "binding",
    metadata,
    *_account_columns(),
    _text("source_identity", "Database behind the source connection, for example smartoffice://host/OFFICE."),
    _text("target_identity", "Account behind the target connection, for example fmg://host/FMG-1001."),
    _time("bound_at", "When the first run bound them.", nullable=False),
    UniqueConstraint("integration", "source_identity"),
    UniqueConstraint("integration", "target_identity"),
    comment="Which source feeds which target. One source database and one target account belong to one account only.",
)

snapshot = Table(
    "snapshot",
    metadata,
    *_account_columns(),
    _number("handed_out", "Last snapshot number given to a run."),
    _number("fenced", "Highest snapshot number that ever began to write; a lower one never writes again."),
    _number("delivered", "Highest snapshot number whose delivery was finished; 0 before the first."),
    _number("released", "Last number handed out when the binding was last released; earlier deliveries went elsewhere."),
    comment="How far an account's snapshot numbers have come: the order of the world, whatever clocks say.",
)

run = Table(
    "run",
    metadata,
    *_account_columns(),
    _number("snapshot", "Snapshot number of the run.", primary_key=True),
    _text("status", "running, success, partial (delivered, with rejected records), held, rejected, failed, dry_run or replayed."),
    _text("dag_id", "Airflow: DAG."),
    _text("run_id", "Airflow: DAG run."),
    _number("map_index", "Airflow: which mapped task group."),
    _number("try_number", "Airflow: attempt of the extract task."),
    _time("interval_start", "Airflow: start of the data interval."),
    _time("interval_end", "Airflow: end of the data interval."),
    _time("started_at", "When the run took its number.", nullable=False),
    _time("ended_at", "When it reached its last status."),
    Column("dry_run", Boolean, nullable=False, comment="True: nothing is written to the target."),
    _number("replays", "Backfill: snapshot whose landed data the run looked at again; empty: it read source and target.", nullable=True),
    _text("settings_digest", "SHA-256 of the account's settings as they were."),
    _json("settings", dict, "The settings the plan was made with: tag groups by id, options by digest; blank before there is a plan."),
    _text("mapping_digest", "SHA-256 of mapping tables and lookups as they were."),
    _text("mode", "replace, full (every record sent again), delta or undo."),
    _json("counts", dict, "Numbers of the run, by name."),
    _json("durations", dict, "Seconds by step."),
    _text("plan_hash", "Hash of the plan."),
    _json("holds", list, "Safety rules that held the plan: code, found, limit."),
    _text("approved_hash", "Hash of the plan a person approved; blank: none."),
    _text("decided_by", "User who decided about a held plan, or asked for the undo."),
    _number("generation", "Generation the target reached with this delivery.", nullable=True),
    _time("delivered_at", "When the delivery was finished. Set once, together with the rows of delivered."),
    _text("report_name", "Place of the report in the landing zone."),
    _text("error_code", "Code of the error that ended the run (docs/errors.md)."),
    _text("error_text", "Its message; holds no person's data."),
    Index(None, "status"),
    comment="One row a run of one account.",
)

lease = Table(
    "lease",
    metadata,
    *_account_columns(),
    _text("holder", "Which run has the account: DAG and DAG run; blank once released."),
    _number("fence", "Snapshot number of the holder."),
    _text("token", "Names the attempt that holds it; a new one with every take-over."),
    _time("acquired_at", "When the holder got it.", nullable=False),
    _time("expires_at", "From then on another run may take over.", nullable=False),
    comment="One run an account.",
)

delivered = Table(
    "delivered",
    metadata,
    *_account_columns(),
    _text("entity", "contact, group …", primary_key=True),
    _text("source_id", "Id of the record in the source.", primary_key=True),
    _text("target_id", "Id of the record in the target."),
    _text("payload_hash", "SHA-256 of the field values the target acknowledged."),
    _number("snapshot", "Snapshot the values came from."),
    _number("generation", "Generation of the target they became visible in."),
    comment="What the target holds of each source record, as it last acknowledged it. Hashes, no values.",
    sqlite_with_rowid=False,
)

former = Table(
    "former",
    metadata,
    *_account_columns(),
    _text("entity", "contact, group …", primary_key=True),
    _text("source_id", "Id of the record in the source.", primary_key=True),
    _text("target_id", "Id the record had in the target."),
    _number("snapshot", "Snapshot it was missing in."),
    comment="Records that left the target's list, so that one that comes back is the same there.",
)

batch = Table(
    "batch",
    metadata,
    *_account_columns(),
    _number("snapshot", "Snapshot number of the run.", primary_key=True),
    _number("number", "Number of the batch in its delivery.", primary_key=True),
    _text("body_hash", "SHA-256 of the request body."),
    _number("operations", "Operations in it."),
    _time("intended_at", "Committed before the request goes out.", nullable=False),
    _time("acknowledged_at", "When the answer was recorded; empty: not known whether the target took it."),
    _number("accepted", "Operations the target took.", nullable=True),
    _json("refused", list, "Operations it refused: key, code, field."),
    ForeignKeyConstraint(["integration", "account", "snapshot"], ["run.integration", "run.account", "run.snapshot"]),
    comment="Intents and acknowledgements: what was about to be sent, and what the target said.",
)

rejected = Table(
    "rejected",
    metadata,
    *_account_columns(),
    _text("entity", "contact, group …", primary_key=True),
    _text("source_id", "Id of the record in the source.", primary_key=True),
    _text("code", "Code of the rule (docs/errors.md).", primary_key=True),
    _text("field", "Field at fault; blank: the record as a whole.", primary_key=True),
    _text("reason", "What is wrong, in words."),
    _text("fix", "What to do about it."),
    _text("masked", "The value, masked."),
    _number("first_snapshot", "Snapshot it was first seen in."),
    _time("first_seen_at", "When it was first seen.", nullable=False),
    _number("last_snapshot", "Snapshot it was last seen in."),
    _time("last_seen_at", "When it was last seen.", nullable=False),
    _number("attempts", "Runs that rejected it."),
    _time("resolved_at", "When a run no longer rejected it; empty: open."),
    _number("resolved_snapshot", "Snapshot of that run.", nullable=True),
    _text("resolution", "passed, or gone (no longer in the source); blank: open."),
    comment="Source records that did not travel, with reason and fix. Kept after they are resolved.",
)

watermark = Table(
    "watermark",
    metadata,
    *_account_columns(),
    _text("feed", "What is read on from where it was left: activities.", primary_key=True),
    _text("cursor", "Where to read on, as the target gave it; blank: from the beginning. Set together with the rows of outbox."),
    _number(
        "position", "How many records of the feed came before the cursor, as the target numbers them; empty: not read yet.", nullable=True
    ),
    _time("moved_at", "When the cursor last moved."),
    _text("holder", "Which run works on the feed and its outbox: DAG and DAG run; blank once released."),
    _text("token", "Names the attempt that does; a new one with every take-over."),
    _time("expires_at", "From then on another run may take over.", nullable=False),
    comment="How far a feed was read, and who may work on it now: a lease of its own beside that of the daily run.",
)

outbox = Table(
    "outbox",
    metadata,
    *_account_columns(),
    _text("event_id", "Keyword of the note: derived from the target account and the activity's id.", primary_key=True),
    _text("activity_id", "Id of the activity in the target."),
    _text("type", "form_completed, email_sent, opted_out, or what this version does not know."),
    _text("contact_id", "Id of the contact in the target; blank: the target knew of none."),
    _text("source_id", "Id of the contact in the source as the target knew it then, or blank."),
    _time("occurred_at", "When it happened.", nullable=False),
    _text("landed", "Folder of the landing zone that holds its title."),
    _text("status", "waiting, intended (may be on its way), written, or kept (not written, see reason)."),
    _text("reason", "Code of what keeps it (docs/errors.md); blank unless kept."),
    _number("attempts", "How often it was intended."),
    _text("token", "Attempt that intended it last."),
    _text("noted_on", "Id of the source's contact the note was last meant for."),
    _text("note_id", "Id of the note in the source; blank until written."),
    _time("first_seen_at", "When it was read.", nullable=False),
    _time("intended_at", "Committed before the note goes out."),
    _time("tried_at", "When it was last tried or looked at in vain."),
    _time("written_at", "When the note was known to be there."),
    comment="Activities of the target on their way to a note in the source: one row and at most one note each. No title, no address.",
)

suppression = Table(
    "suppression",
    metadata,
    *_account_columns(),
    _text("key", "source:<id>, target:<id>, or email:<SHA-256 of account and address>.", primary_key=True),
    _time("since", "When the opt-out was made, or first seen.", nullable=False),
    _text("origin", "activity, or target (seen there at a load)."),
    comment="Who ever opted out, by person and by address. Every load respects it, whatever becomes of the address.",
)

decision = Table(
    "decision",
    metadata,
    *_account_columns(),
    _number("number", "1, 2, 3 … of the account.", primary_key=True),
    _text("entity", "contact, company."),
    _text("source_id", "Id of the record in the source."),
    _text("target_id", "link, not_a_match: id of the other record. undone: what the record was tied to until then. Blank: none."),
    _text("kind", "link, import, skip, not_a_match, or undone."),
    _text("resource_type", "import: what it is made as; blank: the account's default."),
    _text("decided_by", "User who decided, or automatic."),
    _time("decided_at", "When.", nullable=False),
    _number("undoes", "undone: number of the decision it takes back.", nullable=True),
    Index("ix_decision_record", "integration", "account", "entity", "source_id"),
    comment="What people decided about records of two systems, append-only. Of a record the last link, import or skip not undone counts.",
)

link = Table(
    "link",
    metadata,
    *_account_columns(),
    _text("entity", "contact, company.", primary_key=True),
    _text("source_id", "Id of the record in the source.", primary_key=True),
    Column("target_id", CleanText, nullable=True, comment="Id of the record in the target; empty: an import not made yet."),
    _number("decision", "Number of the decision it comes from."),
    _time("made_at", "When the target acknowledged it; empty: decided, not carried out yet."),
    _number("made_snapshot", "Snapshot of the run that carried it out.", nullable=True),
    UniqueConstraint("integration", "account", "entity", "target_id"),
    comment="Which record of the source is which of the target. One to one; gone once its decision is undone.",
)

business = Table(
    "business",
    metadata,
    *_account_columns(),
    _text("fmo", "Name of the FMO's table in include/accounts."),
    _text("business_id", "Id of the business in the target; blank: a dry run asked, it is not made yet."),
    _text("kind", "agent or agency."),
    _json("npns", list, "NPNs whose policies may be in it, its own first; each is that of a user."),
    Column("policy_sync", Boolean, nullable=False, comment="True: it may be filled."),
    _text("made_by", "Airflow user who asked for it."),
    _time("made_at", "When it was first asked for.", nullable=False),
    comment="Businesses administrators had provisioned: each is an account of its integration. No name and no e-mail.",
)

file = Table(
    "file",
    metadata,
    *_account_columns(),
    _number("snapshot", "Snapshot number of the run that read it.", primary_key=True),
    _number("number", "Place in the run's log, 1, 2, 3 …", primary_key=True),
    _text("carrier", "Folder of the carrier."),
    _text("name", "Its name, fit to be shown."),
    _text("outcome", "taken (for good once the run is delivered) or refused."),
    _text("code", "Why it was refused (docs/errors.md); blank: taken."),
    _text("said", "The same in words; holds no person's data."),
    _text("digest", "SHA-256 of the content; blank when it could not be read."),
    _text("business_date", "The date in its name, ISO; blank where names are not dated."),
    _json("facts", dict, "Numbers by name: rows, policies, members, agents, rejected rows by code; columns dropped; holds."),
    _json("by_agent", dict, "Policies by writing NPN, which the next file is held against."),
    _time("read_at", "When.", nullable=False),
    ForeignKeyConstraint(["integration", "account", "snapshot"], ["run.integration", "run.account", "run.snapshot"]),
    comment="The execution log: what became of each file that arrived. Of a delivered run, also what was taken and never is again.",
)

audit = Table(
    "audit",
    metadata,
    _number("position", "1, 2, 3 … without a gap.", primary_key=True),
    _time("at", "When.", nullable=False),
    _text("event", "What happened."),
    _text("integration", "Integration, or blank."),
    _text("account", "Account, or blank."),
    _text("actor", "Airflow user, or the run."),
    _text("details", "Counts and hashes as JSON text, exactly as hashed."),
    _text("prev_hash", "Hash of the event before."),
    _text("hash", "SHA-256 of this event and prev_hash."),
    comment="Append-only: who did what. A changed, missing or inserted row breaks the chain.",
)

audit_head = Table(
    "audit_head",
    metadata,
    _number("id", "Always 1.", primary_key=True),
    _number("position", "Position of the newest event."),
    _text("hash", "Its hash."),
    comment="End of the audit chain, so that a cut tail is found too.",
)

request_budget = Table(
    "request_budget",
    metadata,
    _text("connection", "Airflow connection whose requests are counted.", primary_key=True),
    _json("taken", list, "When requests were taken, in seconds since 1970; only those a next request has to share its window with."),
    Column("paused_until", Float(53), nullable=False, default=0.0, comment="Seconds since 1970 until which the vendor wants no request."),
    comment="Requests lately sent over a connection whose vendor counts them, by all processes together.",
)
