"""People judge, the classifier learns, and both are measured."""

from __future__ import annotations

from monitor.cli.commands.options import JSON, Command, arg
from monitor.i18n import N_

COMMANDS: tuple[Command, ...] = (
    (
        "review",
        "look:review",
        N_("the queue of flagged and unsure items; with an id, a verdict"),
        (
            arg("id", nargs="?", default="", metavar="ID"),
            arg("--verdict", choices=("confirm", "dismiss", "relabel"), default="", help=N_("what you say of it")),
            arg("--labels", metavar="T,T", default="", help=N_("for relabel: the right tags, or none")),
            arg("--reason", default="", help=N_("why")),
            arg("--author", default="", help=N_("who says it; default the user of this machine")),
            arg("--limit", type=int, default=20, help=N_("items to list")),
            JSON,
        ),
    ),
    (
        "classify",
        "teach:classify",
        N_("tag texts: JSON Lines in, JSON Lines out"),
        (arg("file", nargs="?", default="-", metavar="FILE"),),
    ),
    (
        "train",
        "teach:train",
        N_("train the classifier from the seeds and this installation's verdicts"),
        (
            arg("--shipped", action="store_true", help=N_("rebuild the checkout's models/ (for developers)")),
            arg("--without", metavar="AUTHOR", default="", help=N_("leave out the verdicts of one reviewer")),
            JSON,
        ),
    ),
    (
        "evaluate",
        "teach:evaluate",
        N_("measure the classifier on labelled JSON Lines"),
        (
            arg("file", metavar="FILE"),
            arg("--errors", action="store_true", help=N_("print what was judged wrongly, grouped")),
            arg("--card", metavar="FILE", default="", help=N_("write the model card there")),
            arg("--named", metavar="WORDS", default="", help=N_("what the card calls the measured file")),
            arg("--curve", action="store_true", help=N_("the card shows what ever more examples bring (some minutes)")),
            JSON,
        ),
    ),
    (
        "model",
        "teach:model",
        N_("which classifier judges"),
        (
            arg("action", choices=("list", "compare", "promote", "back", "drift"), nargs="?", default="list"),
            arg("digest", nargs="?", default="", help=N_("for compare and promote: the first letters of its digest")),
            JSON,
        ),
    ),
    (
        "scorecard",
        "score:scorecard",
        N_("our own precision, misses, lead time and answers, with counts and intervals"),
        (arg("--days", type=int, default=365, help=N_("how many days back")), JSON),
    ),
)
