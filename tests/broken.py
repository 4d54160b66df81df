"""A scenario broken on purpose in two hundred ways, each with what its reader is told first."""

from typing import NamedTuple


class Broken(NamedTuple):
    """One slip: what stands in the file, what is written instead (none: the whole file), and the message."""

    name: str
    right: str | None
    wrong: str
    told: str


TEXT = [
    Broken(
        "not-a-mapping",
        None,
        "- a\n- b\n",
        ("line 1: a scenario is a mapping of keys such as `name: ...` and `activities: ...`, got a list"),
    ),
    Broken(
        "a-single-word",
        None,
        "scenario\n",
        ("line 1: a scenario is a mapping of keys such as `name: ...` and `activities: ...`, got a single value"),
    ),
    Broken("empty-file", None, "", "the file is empty; a scenario begins with `name: ...`"),
    Broken(
        "only-comments",
        None,
        "# nothing\n",
        "the file is empty; a scenario begins with `name: ...`",
    ),
    Broken(
        "two-documents",
        "places:",
        "---\nplaces:",
        "line 6: a second document begins here ('---'); a scenario is one document",
    ),
    Broken("tab", "  phase: [", "\tphase: [", "line 7: a tab; indent with spaces"),
    Broken(
        "open-brace",
        "hall: {in: phase, count: {phase1: 4, phase2: 3}}",
        "hall: {in: phase, count: {phase1: 4, phase2: 3}",
        "line 8: the '{' that opens here is not closed, or a ',' is missing",
    ),
    Broken(
        "open-bracket",
        "phase: [phase1, phase2]",
        "phase: [phase1, phase2",
        "line 7: the '[' that opens here is not closed, or a ',' is missing",
    ),
    Broken(
        "open-quote",
        "name: Colossus in small",
        "name: 'Colossus in small",
        ("line 61: expected a key here, indented like those above it; is the indentation right, a quote closed?"),
    ),
    Broken(
        "colon-in-text",
        "name: Colossus in small",
        "name: Colossus: in small",
        "line 1: a second ':'; put text that contains ': ' in quotes, or check the indentation",
    ),
    Broken(
        "indentation",
        "  first_training:",
        "   first_training:",
        ("line 69: expected a key here, indented like those above it; is the indentation right, a quote closed?"),
    ),
    Broken(
        "at-sign",
        "name: Colossus in small",
        "name: @Colossus",
        "line 1: quote text that begins with '@'",
    ),
    Broken(
        "percent-sign",
        "name: Colossus in small",
        "name: %Colossus",
        "line 1: quote text that begins with '%'",
    ),
    Broken(
        "star",
        "name: Colossus in small",
        "name: *Colossus",
        "line 1: there is no anchor '&Colossus' above; quote text that begins with '*'",
    ),
    Broken(
        "escape",
        "name: Colossus in small",
        'name: "a\\q"',
        "line 1: a '\\' without meaning in double quotes; use single quotes",
    ),
    Broken(
        "bracket-too-many",
        "phase: [phase1, phase2]",
        "phase: [phase1, phase2]]",
        ("line 7: expected a key here, indented like those above it; is the indentation right, a quote closed?"),
    ),
    Broken(
        "template-braces",
        "name: Colossus in small",
        "name: {{ project }}",
        "line 1: name: a key must be a plain word, got a mapping; quote text with brackets",
    ),
    Broken(
        "python-tag",
        "name: Colossus in small",
        "name: !!python/object/apply:os.system ['ls']",
        (
            "line 1: YAML tags such as '!!python/object/apply:os.system' are refused; write the plain "
            "value, text in quotes"
        ),
    ),
    Broken(
        "merge-key",
        "  retrofit_hall:\n",
        "  retrofit_hall:\n    <<: {at: hall}\n",
        (
            "line 43: activities.retrofit_hall: '<<' is not part of YAML 1.2; combine scenarios with "
            "`extends` and `variants`"
        ),
    ),
    Broken(
        "duplicate-key",
        "    at: rack\n    duration: 24 to 72 h",
        "    at: rack\n    at: pod\n    duration: 24 to 72 h",
        ("line 65: activities.burn_in.at: the key 'at' appears a second time; the first is on line 64"),
    ),
    Broken(
        "duplicate-activity",
        "  first_training:",
        "  burn_in: {duration: 1 d}\n  first_training:",
        ("line 69: activities.burn_in: the key 'burn_in' appears a second time; the first is on line 63"),
    ),
    Broken(
        "duplicate-section",
        "milestones:\n",
        "risks: {}\nmilestones:\n",
        "line 79: risks: the key 'risks' appears a second time; the first is on line 71",
    ),
    Broken(
        "control-character",
        "name: Colossus in small",
        "name: Colossus \x07 in small",
        "line 1: a character that a text file cannot contain (code 7)",
    ),
    Broken(
        "alias-in-itself",
        "phase: [phase1, phase2]",
        "phase: &p [phase1, *p]",
        "line 7: the alias '*p' contains itself",
    ),
]

KEYS = [
    Broken(
        "unknown-section",
        "resources:\n",
        "ressources:\n",
        "line 19: ressources: unknown key 'ressources'; did you mean 'resources'?",
    ),
    Broken(
        "unknown-key",
        "    after: [power_on]",
        "    aftr: [power_on]",
        "line 66: activities.burn_in.aftr: unknown key 'aftr'; did you mean 'after'?",
    ),
    Broken(
        "unknown-key-listed",
        "  builders:       {count: 3}",
        "  builders:       {count: 3, salary: 5}",
        (
            "line 20: resources.builders.salary: unknown key 'salary'; there are 'count', "
            "'calendar', 'per', 'within', 'allocation', 'label', 'description'"
        ),
    ),
    Broken(
        "key-in-wrong-place",
        "  builders:       {count: 3}",
        "  builders:       {count: 3, duration: 5 d}",
        (
            "line 20: resources.builders.duration: unknown key 'duration'; there are 'count', "
            "'calendar', 'per', 'within', 'allocation', 'label', 'description'"
        ),
    ),
    Broken("missing-name", "name: Colossus in small\n", "\n", "needs `name`: the name of the project"),
    Broken("missing-start", "start: 2024-03-11", "#", "needs `start`: the clock starts on this date at 00:00"),
    Broken(
        "missing-activities",
        "activities:\n",
        "activities:\nrisks_of_mine:\n",
        ("needs `activities`: activities; the written order decides between equal ones"),
    ),
    Broken(
        "missing-amount",
        "{amount: 14, placed",
        "{placed",
        ("line 36: supplies.generators.orders.first_batch: needs `amount`: the ordered amount, in the supply's unit"),
    ),
    Broken(
        "missing-count",
        "  builders:       {count: 3}",
        "  builders:       {calendar: day_shift}",
        "line 20: resources.builders: needs `count`, the number of units",
    ),
    Broken(
        "blank-count",
        "  builders:       {count: 3}",
        "  builders:       {count: }",
        (
            "line 20: resources.builders.count: a value is missing here; write one, or `null` to delete the "
            "value of another layer"
        ),
    ),
    Broken(
        "blank-open-days",
        "holidays: US-TN",
        "open: ",
        (
            "line 13: calendars.day_shift.open: a value is missing here; write one, or `null` to delete the "
            "value of another layer"
        ),
    ),
    Broken(
        "blank-resource",
        "    requires: {builders: 1}",
        "    requires: {builders}",
        (
            "line 45: activities.retrofit_hall.requires.builders: a value is missing here; write one, or "
            "`null` to delete the value of another layer"
        ),
    ),
    Broken(
        "section-not-mapping",
        "risks:\n  hbm_shortage:",
        "risks: none\nnot_risks:\n  hbm_shortage:",
        "line 71: risks: expected a mapping such as {name: ...}, got 'none'",
    ),
    Broken(
        "activity-not-mapping",
        "  first_training: {duration: 3 d, after: [powered_25k]}",
        "  first_training: 3 d",
        (
            "line 69: activities.first_training: expected a mapping with keys such as `duration`,"
            " `requires`, `consumes`, got '3 d'"
        ),
    ),
]

VALUES = [
    Broken(
        "bad-date",
        "start: 2024-03-11",
        "start: 2024-02-30",
        "line 2: start: 2024-02-30 is not a date: day is out of range for month",
    ),
    Broken(
        "date-in-words",
        "start: 2024-03-11",
        "start: 11 March 2024",
        ("line 2: start: expected a date such as 2024-05-02 or 2024-05-02 07:30, got '11 March 2024'"),
    ),
    Broken(
        "month-only",
        "start: 2024-03-11",
        "start: 2024-03",
        "line 2: start: 2024-03: write a full date such as 2024-03-01",
    ),
    Broken("horizon-unit", "horizon: 3 years", "horizon: 3", "line 4: horizon: a span needs a unit: write '3 d'"),
    Broken(
        "horizon-zero",
        "horizon: 3 years",
        "horizon: 0 d",
        "line 4: horizon: a horizon must be longer than zero, got '0 d'",
    ),
    Broken(
        "horizon-too-long",
        "horizon: 3 years",
        "horizon: 300 years",
        "line 4: horizon: a horizon may be at most 100 years, got '300 years'",
    ),
    Broken(
        "months-and-days",
        "lasts: 4 to 12 wk",
        "lasts: 4 wk to 3 months",
        (
            "line 75: risks.hbm_shortage.lasts: months differ in length: write all parameters of a "
            "distribution in months and years, or none"
        ),
    ),
    Broken(
        "span-unit",
        "duration: 3 d, after",
        "duration: 3 dayz, after",
        (
            "line 69: activities.first_training.duration: expected a span such as '18 weeks', got"
            " '3 dayz'; did you mean 'day'?"
        ),
    ),
    Broken(
        "span-without-unit",
        "duration: 3 d, after",
        "duration: 3, after",
        "line 69: activities.first_training.duration: a span needs a unit: write '3 d'",
    ),
    Broken(
        "span-negative",
        "duration: 3 d, after",
        "duration: -3 d, after",
        "line 69: activities.first_training.duration: a span must not be negative, got '-3 d'",
    ),
    Broken(
        "lag-of-working-months",
        "after: [powered_25k]",
        "after: [{activity: powered_25k, lag: {working: 2 months}}]",
        (
            "line 69: activities.first_training.after.0.lag: a month has no fixed length; write "
            "weeks or days, got '2 months'"
        ),
    ),
    Broken(
        "span-is-list",
        "duration: 3 d, after",
        "duration: [3 d], after",
        ("line 69: activities.first_training.duration: expected a span such as '18 weeks', got a list of 1"),
    ),
    Broken(
        "span-is-date",
        "duration: 3 d, after",
        "duration: 2024-07-01, after",
        ("line 69: activities.first_training.duration: expected a span such as '18 weeks', got '2024-07-01'"),
    ),
    Broken(
        "span-absurd",
        "duration: 3 d, after",
        "duration: 3e9 d, after",
        "line 69: activities.first_training.duration: 3000000000 d is longer than 1,000 years",
    ),
    Broken(
        "pert-order",
        "{pert: [2 h, 4 h, 9 h]}",
        "{pert: [4 h, 2 h, 9 h]}",
        ("line 57: activities.install_rack.duration: expected low <= most likely <= high, got 4 h, 2 h, 9 h"),
    ),
    Broken(
        "pert-two-values",
        "{pert: [2 h, 4 h, 9 h]}",
        "{pert: [2 h, 9 h]}",
        (
            "line 57: activities.install_rack.duration: write this distribution as {pert: [low, most "
            "likely, high]}; got a list of 2"
        ),
    ),
    Broken(
        "pert-mapping",
        "{pert: [2 h, 4 h, 9 h]}",
        "{pert: {low: 2 h, high: 4 h}}",
        (
            "line 57: activities.install_rack.duration: write this distribution as {pert: [low, most "
            "likely, high]}; got a mapping with the keys 'low', 'high'"
        ),
    ),
    Broken(
        "pert-misspelled",
        "{pert: [2 h, 4 h, 9 h]}",
        "{prt: [2 h, 4 h, 9 h]}",
        (
            "line 57: activities.install_rack.duration: expected a value or one distribution of "
            "pert, triangular, uniform, normal, lognormal, exponential,"
        ),
    ),
    Broken(
        "pert-as-call",
        "duration: {pert: [2 h, 4 h, 9 h]}",
        "duration: pert(2 h, 4 h, 9 h)",
        (
            "line 57: activities.install_rack.duration: got 'pert(2 h, 4 h, 9 h)'; write a distribution as "
            "{pert: [low, most likely, high]}"
        ),
    ),
    Broken(
        "pert-split-by-yaml",
        "power_on: {at: rack, duration: 2 h,",
        "power_on: {at: rack, duration: pert(1 h, 2 h, 3 h),",
        (
            "line 62: activities.power_on: YAML split 'pert(1 h, 2 h, 3 h)' at its commas; write a "
            "distribution as {pert: [low, most likely, high]}"
        ),
    ),
    Broken(
        "pert-split-in-list",
        "labor_hours:      {pert: [0.8, 1.0, 1.3]}",
        "labor_hours:      [pert(0.8, 1.0, 1.3)]",
        (
            "line 16: factors.labor_hours: YAML split 'pert(0.8, 1.0, 1.3)' at its commas; write a "
            "distribution as {pert: [low, most likely, high]}"
        ),
    ),
    Broken(
        "pert-for-places",
        None,
        "{name: x, start: 2024-01-01, places: pert(1,2,3), calendars: {c: {days: Mon-Fri}}, activities: {a: {}}}",
        (
            "line 1: places: YAML split 'pert(1, 2, 3)' at its commas; numbers of places are fixed whole "
            "numbers: {hall: 2, rack: {in: hall, count: 20}}"
        ),
    ),
    Broken(
        "two-distributions",
        "{pert: [2 h, 4 h, 9 h]}",
        "{pert: [2 h, 4 h, 9 h], uniform: [1 h, 2 h]}",
        (
            "line 57: activities.install_rack.duration: expected a value or one distribution of "
            "pert, triangular, uniform, normal, lognormal, exponential,"
        ),
    ),
    Broken(
        "range-reversed",
        "duration: 24 to 72 h",
        "duration: 72 to 24 h",
        (
            "line 65: activities.burn_in.duration: expected 'A to B' with A above zero, below B "
            "and of a similar size, got 72 h, 24 h"
        ),
    ),
    Broken(
        "range-of-two-sorts",
        "begins: 2024-06-01 to 2024-08-01",
        "begins: 2024-06-01 to 8 wk",
        ("line 74: risks.hbm_shortage.begins: got '2024-06-01 to 8 wk'; both ends of a range need the same kind"),
    ),
    Broken(
        "range-one-end",
        "duration: 24 to 72 h",
        "duration: 24 to h",
        "line 65: activities.burn_in.duration: expected a span such as '18 weeks', got 'h'",
    ),
    Broken(
        "discrete-shape",
        "duration: 24 to 72 h",
        "duration: {discrete: [24 h, 72 h]}",
        (
            "line 65: activities.burn_in.duration: write a discrete distribution as {discrete: [[value, "
            "weight], ...]}; got a list of 2"
        ),
    ),
    Broken(
        "discrete-weights",
        "duration: 24 to 72 h",
        "duration: {discrete: [[24 h, 0], [72 h, 0]]}",
        (
            "line 65: activities.burn_in.duration: expected values and weights of 0 or more, and "
            "some weight above zero, got 24 h (weight 0), 72 h (weight 0)"
        ),
    ),
    Broken(
        "empirical-shape",
        "duration: 24 to 72 h",
        "duration: {empirical: [24 h, 72 h]}",
        (
            "line 65: activities.burn_in.duration: write an empirical distribution as {empirical: {file: "
            "data.csv, column: name}} or {empirical: {values: [...]}}; got a list of 2"
        ),
    ),
    Broken(
        "empirical-file",
        "duration: 24 to 72 h",
        "duration: {empirical: {file: burnin.csv, column: hours, unit: h}}",
        (
            "line 65: activities.burn_in.duration.empirical.file: there is no file 'burnin.csv'; "
            "did you mean 'burn_in.csv'?"
        ),
    ),
    Broken(
        "empirical-column",
        "duration: 24 to 72 h",
        "duration: {empirical: {file: burn_in.csv, column: hour, unit: h}}",
        (
            "line 65: activities.burn_in.duration.empirical.column: no column 'hour' in "
            "'burn_in.csv'; did you mean 'hours'?"
        ),
    ),
    Broken(
        "empirical-cell",
        "duration: 24 to 72 h",
        "duration: {empirical: {file: burn_in.csv, column: remark}}",
        (
            "burn_in.csv: line 2: activities.burn_in.duration.empirical: column 'remark': expected a number, "
            "a span or a date, got 'fine'"
        ),
    ),
    Broken(
        "empirical-no-column",
        "duration: 24 to 72 h",
        "duration: {empirical: {file: burn_in.csv}}",
        ("line 65: activities.burn_in.duration.empirical.column: needs `column`: one of hours, remark"),
    ),
    Broken(
        "empirical-outside",
        "duration: 24 to 72 h",
        "duration: {empirical: {file: ../../../etc/passwd, column: x}}",
        (
            "line 65: activities.burn_in.duration.empirical.file: '../../../etc/passwd' is outside the "
            "folder of the scenario; dcsim reads only inside it"
        ),
    ),
    Broken(
        "empirical-unit",
        "duration: 24 to 72 h",
        "duration: {empirical: {file: burn_in.csv, column: hours}}",
        "line 65: activities.burn_in.duration: a span needs a unit: write '24 d'",
    ),
    Broken(
        "exponential-zero",
        "duration: 24 to 72 h",
        "duration: {exponential: 0 d}",
        "line 65: activities.burn_in.duration: expected a mean above zero, got 0 d",
    ),
    Broken(
        "weibull-zero",
        "duration: 24 to 72 h",
        "duration: {weibull: [0, 3 d]}",
        (
            "line 65: activities.burn_in.duration: expected a shape and a scale above zero, and a"
            " shape that is not tiny, got 0, 3 d"
        ),
    ),
    Broken(
        "day-zero",
        "day_zero: 2024-05-02",
        "day_zero: first day",
        ("line 3: day_zero: expected a date such as 2024-05-02 or 2024-05-02 07:30, got 'first day'"),
    ),
    Broken(
        "factor-zero",
        "equipment_market: 0.8 to 1.5",
        "equipment_market: 0",
        "line 17: factors.equipment_market: a factor must be above zero, got 0",
    ),
]

PLACES = [
    Broken(
        "level-unknown",
        "  burn_in:\n    at: rack",
        "  burn_in:\n    at: racks",
        "line 64: activities.burn_in.at: no place level 'racks'; did you mean 'rack'?",
    ),
    Broken(
        "parent-unknown",
        "pod:  {in: hall, count: 49}",
        "pod:  {in: hal, count: 49}",
        "line 9: places.pod.in: no place level 'hal'; did you mean 'hall'?",
    ),
    Broken(
        "levels-in-circle",
        "hall: {in: phase, count: {phase1: 4, phase2: 3}}",
        "hall: {in: rack, count: 4}",
        ("line 8: places.hall.in: these levels contain each other: 'hall' in 'rack' in 'pod' in 'hall'"),
    ),
    Broken(
        "level-in-itself",
        "hall: {in: phase, count: {phase1: 4, phase2: 3}}",
        "hall: {in: hall, count: 4}",
        "line 8: places.hall.in: these levels contain each other: 'hall' in 'hall'",
    ),
    Broken(
        "count-unknown-place",
        "count: {phase1: 4, phase2: 3}",
        "count: {phase1: 4, phase3: 3}",
        ("line 8: places.hall.count.phase3: no place 'phase3' among the places of 'phase'; did you mean 'phase2'?"),
    ),
    Broken(
        "count-uncovered",
        "count: {phase1: 4, phase2: 3}",
        "count: {phase1: 4}",
        ("line 8: places.hall.count: has no count for 'phase2': give one for every place of 'phase'"),
    ),
    Broken(
        "count-and-names",
        "pod:  {in: hall, count: 49}",
        "pod:  {in: hall, count: 49, names: [a]}",
        ("line 9: places.pod: places are either counted (`count: 4`) or named (`names: [north, south]`)"),
    ),
    Broken(
        "count-negative",
        "pod:  {in: hall, count: 49}",
        "pod:  {in: hall, count: -1}",
        "line 9: places.pod.count: expected a whole number of 0 or more, got '-1'",
    ),
    Broken(
        "count-in-words",
        "pod:  {in: hall, count: 49}",
        "pod:  {in: hall, count: many}",
        "line 9: places.pod.count: expected a number, got 'many'",
    ),
    Broken(
        "count-true",
        "pod:  {in: hall, count: 49}",
        "pod:  {in: hall, count: true}",
        "line 9: places.pod.count: expected a number, got true",
    ),
    Broken(
        "too-many-places",
        "rack: {in: pod, count: 8}",
        "rack: {in: pod, count: 80_000}",
        (
            "line 10: places.rack.count: more than 5,000,000 places in all; count larger places, "
            "such as pods instead of racks, or raise `--limit` (GiB)"
        ),
    ),
    Broken(
        "range-of-effect",
        "effects: {supplies.hbm_stacks: 0.5}",
        "effects: {supplies.hbm_stacks: 1 to 4}",
        (
            "line 76: risks.hbm_shortage.effects.supplies.hbm_stacks: expected a number to multiply by, such as 1.5, "
            "got '1 to 4'; an uncertain one is a factor, with which things vary; time that is added has a unit, such "
            "as '1 to 4 d'"
        ),
    ),
    Broken(
        "distribution-of-effect",
        "effects: {supplies.hbm_stacks: 0.5}",
        "effects: {supplies.hbm_stacks: {pert: [1, 2, 4]}}",
        (
            "line 76: risks.hbm_shortage.effects.supplies.hbm_stacks: expected a number to multiply by, such as 1.5, "
            "got a mapping with the keys 'pert'; an uncertain one is a factor, with which things vary; time that is "
            "added has a unit, such as '1 to 4 d'"
        ),
    ),
    Broken(
        "range-of-what-is-known",
        "probability: 0.4\n",
        "probability: 0.2 to 0.4\n",
        "risks.hbm_shortage.probability: expected a number, got '0.2 to 0.4'; this value must be fixed, not a range",
    ),
    Broken(
        "place-named-twice",
        "phase: [phase1, phase2]",
        "phase: [phase1, phase2, phase1]",
        "line 7: places.phase: the place 'phase1' appears twice",
    ),
    Broken(
        "place-with-slash",
        "phase: [phase1, phase2]",
        "phase: [phase1, phase2, a/b]",
        ("line 7: places.phase.names.2: the name 'a/b' contains a '/'; names cannot contain . / | * ? [ ] : ,"),
    ),
    Broken(
        "look-alike-places",
        "rack: {in: pod, count: 8}",
        "rack: {in: pod, count: 8}\n  zone: {in: phase, names: [hall1]}",
        "line 11: places.zone: places of 'zone' and 'hall' share the name 'hall1'",
    ),
    Broken(
        "within-unknown-place",
        "within: {phase2:",
        "within: {phase3:",
        (
            "line 52: activities.build_gpus.within.phase3: no place 'phase3' of 'pod' or around "
            "it; did you mean 'phase2'?"
        ),
    ),
    Broken(
        "within-deeper-place",
        "    requires: {builders: 1}",
        "    requires: {builders: 1}\n    within: {phase1/hall1/pod1: {duration: 1 d}}",
        (
            "line 46: activities.retrofit_hall.within.phase1/hall1/pod1: 'phase1/hall1/pod1' names places "
            "of 'pod', which are inside those of 'hall'"
        ),
    ),
    Broken(
        "only-unknown-place",
        "    requires: {builders: 1}",
        "    requires: {builders: 1}\n    only: ['*/hal1']",
        (
            "line 46: activities.retrofit_hall.only.0: no place '*/hal1' of 'hall' or around it; "
            "there are 'site', 'phase1', 'phase2', 'phase1/hall1',"
        ),
    ),
]

CALENDARS = [
    Broken(
        "calendar-days",
        "{days: Mon-Sat, hours",
        "{days: Mon-Sut, hours",
        (
            "line 13: calendars.day_shift.days: expected days such as 'Mon-Fri, Sun' or 'daily', "
            "got 'Mon-Sut'; did you mean 'Sun'?"
        ),
    ),
    Broken(
        "calendar-hours",
        "hours: 07:00-17:00",
        "hours: 7-17",
        "line 13: calendars.day_shift.hours: expected hours such as 07:00-17:00, got '7-17'",
    ),
    Broken(
        "calendar-hour-25",
        "hours: 07:00-17:00",
        "hours: 07:00-25:00",
        ("line 13: calendars.day_shift.hours: expected times of day from 00:00 to 24:00, got '07:00-25:00'"),
    ),
    Broken(
        "calendar-holidays",
        "holidays: US-TN",
        "holidays: US-TX9",
        ("line 13: calendars.day_shift.holidays: no public holidays are known for 'US-TX9'; did you mean 'US-TX'?"),
    ),
    Broken(
        "calendar-closed",
        "holidays: US-TN",
        "closed: [Christmas]",
        (
            "line 13: calendars.day_shift.closed: expected a date such as 2024-05-02 or "
            "2024-05-02 07:30, got 'Christmas'"
        ),
    ),
    Broken(
        "calendar-never-open",
        "holidays: US-TN",
        "closed: [2020-01-01 to 2030-01-01]",
        "line 13: calendars.day_shift: is never open between the start and the horizon",
    ),
    Broken(
        "calendar-hours-per-day",
        "holidays: US-TN",
        "hours_per_day: 30",
        ("line 13: calendars.day_shift.hours_per_day: a working day has more than 0 and at most 24 hours, got 30"),
    ),
    Broken(
        "calendar-unknown",
        "calendar: day_shift}",
        "calendar: dayshift}",
        ("line 24: resources.technicians.calendar: no calendar 'dayshift'; did you mean 'day_shift'?"),
    ),
]

RESOURCES = [
    Broken(
        "resource-unknown",
        "requires: {packaging_line: 1}",
        "requires: {packing_line: 1}",
        (
            "line 50: activities.build_gpus.requires.packing_line: no resource 'packing_line'; "
            "did you mean 'packaging_line'?"
        ),
    ),
    Broken(
        "resource-is-supply",
        "requires: {packaging_line: 1}",
        "requires: {hbm_stacks: 1}",
        (
            "line 50: activities.build_gpus.requires.hbm_stacks: 'hbm_stacks' is a supply, not a "
            "resource; there are 'builders', 'packaging_line', 'dell_line',"
        ),
    ),
    Broken(
        "resource-twice",
        "{dell_line | smc_line: 1}",
        "{dell_line | dell_line: 1}",
        (
            "line 53: activities.integrate_racks.requires.dell_line | dell_line: the resource 'dell_line' "
            "appears twice; write each alternative once"
        ),
    ),
    Broken(
        "entry-twice",
        "{dell_line | smc_line: 1}",
        "{dell_line | smc_line: 1, dell_line|smc_line: 1}",
        (
            "line 53: activities.integrate_racks.requires.dell_line|smc_line: 'dell_line | smc_line' "
            "appears twice; add up its amounts"
        ),
    ),
    Broken(
        "alternative-empty",
        "{dell_line | smc_line: 1}",
        "{dell_line | : 1}",
        (
            "line 53: activities.integrate_racks.requires.dell_line |: write alternatives as `one | other`, "
            "got 'dell_line |'"
        ),
    ),
    Broken(
        "requires-half",
        "requires: {packaging_line: 1}",
        "requires: {packaging_line: 0.5}",
        ("line 50: activities.build_gpus.requires.packaging_line: expected a whole number of 0 or more, got '0.5'"),
    ),
    Broken(
        "requires-negative",
        "requires: {packaging_line: 1}",
        "requires: {packaging_line: -1}",
        ("line 50: activities.build_gpus.requires.packaging_line: expected a whole number of 0 or more, got '-1'"),
    ),
    Broken(
        "requires-list",
        "requires: {packaging_line: 1}",
        "requires: [packaging_line]",
        ("line 50: activities.build_gpus.requires: expected a mapping such as {name: ...}, got a list of 1"),
    ),
    Broken(
        "resource-count-half",
        "builders:       {count: 3}",
        "builders:       {count: 2.5}",
        "line 20: resources.builders.count: expected a whole number of 0 or more, got '2.5'",
    ),
    Broken(
        "resource-count-words",
        "builders:       {count: 3}",
        "builders:       {count: some}",
        "line 20: resources.builders.count: expected a number, got 'some'",
    ),
    Broken(
        "ramp-empty",
        "{count: {0 d: 6, 30 d: 16}}",
        "{count: {}}",
        ("line 25: resources.rack_crews.count: a ramp needs at least one step, such as {0 d: 6, 30 d: 16}"),
    ),
    Broken(
        "ramp-key",
        "{count: {0 d: 6, 30 d: 16}}",
        "{count: {now: 6, 30 d: 16}}",
        (
            "line 25: resources.rack_crews.count.now: expected a date such as 2024-05-02, or a "
            "span such as '30 d', got 'now'"
        ),
    ),
    Broken(
        "ramp-value",
        "{count: {0 d: 6, 30 d: 16}}",
        "{count: {0 d: 6, 30 d: lots}}",
        "line 25: resources.rack_crews.count.30 d: expected a number, got 'lots'",
    ),
    Broken(
        "ramp-same-moment",
        "{count: {0 d: 6, 30 d: 16}}",
        "{count: {1 d: 6, 24 h: 16}}",
        "line 25: resources.rack_crews.count: two steps at the same time: '1 d' and '24 h'",
    ),
    Broken(
        "ramp-month",
        "{count: {0 d: 6, 30 d: 16}}",
        "{count: {31 d: 6, 1 month: 16}}",
        ("line 25: resources.rack_crews.count: two steps at the same time: '31 d' and '1 month'"),
    ),
    Broken(
        "per-unknown",
        "per: hall}",
        "per: halls}",
        "line 26: resources.dock.per: no place level 'halls'; did you mean 'hall'?",
    ),
    Broken(
        "per-used-outside",
        "  start_generators: {duration: 2 d,",
        "  start_generators: {duration: 2 d, requires: {dock: 1},",
        (
            "line 54: activities.start_generators.requires.dock: every 'hall' has 'dock' of its "
            "own, but this exists once for the site: place it at 'hall' or a"
        ),
    ),
]

SUPPLIES = [
    Broken(
        "supply-unknown",
        "consumes: {hbm_stacks: 2_560}",
        "consumes: {hbm_stack: 2_560}",
        ("line 51: activities.build_gpus.consumes.hbm_stack: no supply 'hbm_stack'; did you mean 'hbm_stacks'?"),
    ),
    Broken(
        "supply-is-resource",
        "consumes: {hbm_stacks: 2_560}",
        "consumes: {builders: 2_560}",
        (
            "line 51: activities.build_gpus.consumes.builders: 'builders' is a resource, not a "
            "supply; there are 'hbm_stacks', 'generators', 'power',"
        ),
    ),
    Broken(
        "amount-wrong-unit",
        "consumes: {power: 96 kW}",
        "consumes: {power: 96 kWh}",
        ("line 62: activities.power_on.consumes.power: expected an amount in kW, got '96 kWh', which is in kWh"),
    ),
    Broken(
        "amount-not-whole",
        "consumes: {power: 96 kW}",
        "consumes: {power: 0.5 kW}",
        (
            "line 62: activities.power_on.consumes.power: 0.5 kW is not a whole number of kW; "
            "choose a smaller unit such as W"
        ),
    ),
    Broken(
        "amount-negative",
        "consumes: {power: 96 kW}",
        "consumes: {power: -96 kW}",
        "line 62: activities.power_on.consumes.power: an amount must not be negative, got '-96 kW'",
    ),
    Broken(
        "amount-in-words",
        "consumes: {power: 96 kW}",
        "consumes: {power: plenty}",
        ("line 62: activities.power_on.consumes.power: expected an amount such as '8 kW', got 'plenty'"),
    ),
    Broken(
        "amount-thousands",
        "initial: 40_000",
        "initial: 40,000",
        ("line 31: supplies.hbm_stacks.initial: expected an amount such as '8 stack', got '40,000'; write 40_000"),
    ),
    Broken(
        "amount-too-large",
        "initial: 40_000",
        "initial: 1e20",
        ("line 31: supplies.hbm_stacks.initial: 100000000000000000000 is more than 10^15 stack; choose a larger unit"),
    ),
    Broken(
        "amount-uncertain",
        "consumes: {power: 96 kW}",
        "consumes: {power: {uniform: [1 kW, 2 kW]}}",
        (
            "line 62: activities.power_on.consumes.power: expected an amount such as '40_000' or "
            "'8 MW', got a mapping with the keys 'uniform'"
        ),
    ),
    Broken(
        "never-supplied",
        (
            "    initial: 40_000\n    production: {rate: 60_000 / wk, every: 1 wk, from: "
            "2024-03-01, share: 0.35, varies_with: [equipment_market]}\n"
        ),
        "",
        (
            "line 49: activities.build_gpus.consumes.hbm_stacks: 'hbm_stacks' can never be available: it "
            "has no initial stock, order, production or producer"
        ),
    ),
    Broken(
        "rate-without-time",
        "rate: 60_000 / wk",
        "rate: 60_000",
        ("line 32: supplies.hbm_stacks.production.rate: a rate needs a unit of time: write '60_000 / wk', got '60000'"),
    ),
    Broken(
        "rate-unit",
        "rate: 60_000 / wk",
        "rate: 60_000 kW / wk",
        ("line 32: supplies.hbm_stacks.production.rate: expected an amount in stack, got '60_000 kW', which is in kW"),
    ),
    Broken(
        "rate-per-nothing",
        "rate: 60_000 / wk",
        "rate: 60_000 / fortnite",
        ("line 32: supplies.hbm_stacks.production.rate: expected a span such as '18 weeks', got '1 fortnite'"),
    ),
    Broken(
        "every-zero",
        "every: 1 wk",
        "every: 0 d",
        ("line 32: supplies.hbm_stacks.production.every: deliveries need an interval of at least a minute, got '0 d'"),
    ),
    Broken(
        "share-above-one",
        "share: 0.35",
        "share: 35",
        "line 32: supplies.hbm_stacks.production.share: a fraction between 0 and 1, got 35",
    ),
    Broken(
        "share-percent",
        "share: 0.35",
        "share: 35%",
        ("line 32: supplies.hbm_stacks.production.share: 35% is a percentage: write the fraction 0.35"),
    ),
    Broken(
        "yield-negative",
        "share: 0.35",
        "yield: -0.1",
        "line 32: supplies.hbm_stacks.production.yield: a fraction between 0 and 1, got -0.1",
    ),
    Broken(
        "until-before-from",
        "share: 0.35",
        "until: 2024-02-01",
        ("line 32: supplies.hbm_stacks.production.until: production must end after it begins, got 2024-02-01"),
    ),
    Broken(
        "factor-unknown",
        "varies_with: [labor_hours]\n    learning",
        "varies_with: [labour_hours]\n    learning",
        ("line 60: activities.install_rack.varies_with.0: no factor 'labour_hours'; did you mean 'labor_hours'?"),
    ),
    Broken(
        "factor-negative",
        "equipment_market: 0.8 to 1.5",
        "equipment_market: -1",
        "line 17: factors.equipment_market: expected a value of 0 or more, got -1",
    ),
    Broken(
        "factor-key",
        "equipment_market: 0.8 to 1.5",
        "equipment_market: {pert: [1, 2, 3], pro: hall}",
        ("line 17: factors.equipment_market.pro: unknown key 'pro'; there are 'value', 'per', 'description'"),
    ),
    Broken(
        "order-placed",
        "placed: 2024-05-05",
        "placed: soon",
        (
            "line 36: supplies.generators.orders.first_batch.placed: expected a date such as "
            "2024-05-02, or a span such as '30 d', got 'soon'"
        ),
    ),
    Broken(
        "order-after-unknown",
        "placed: 2024-05-05",
        "placed: {after: retrofit_hal, lag: 3 d}",
        (
            "line 36: supplies.generators.orders.first_batch.placed: no activity or milestone "
            "'retrofit_hal'; did you mean 'retrofit_hall'?"
        ),
    ),
    Broken(
        "order-after-lag",
        "placed: 2024-05-05",
        "placed: {after: retrofit_hall, lag: soon}",
        ("line 36: supplies.generators.orders.first_batch.placed.lag: expected a span such as '18 weeks', got 'soon'"),
    ),
    Broken(
        "order-lots-zero",
        "lots: 2",
        "lots: 0",
        ("line 36: supplies.generators.orders.first_batch.lots: expected 1 to 14 lots, at most one per unit; got 0"),
    ),
    Broken(
        "order-more-lots-than-units",
        "lots: 2",
        "lots: 20",
        ("line 36: supplies.generators.orders.first_batch.lots: expected 1 to 14 lots, at most one per unit; got 20"),
    ),
    Broken(
        "consumes-list",
        "consumes: {power: 96 kW}",
        "consumes: [power]",
        ("line 62: activities.power_on.consumes: expected a mapping such as {name: ...}, got a list of 1"),
    ),
    Broken(
        "order-key",
        "lots: 2,",
        "lot: 2,",
        ("line 36: supplies.generators.orders.first_batch.lot: unknown key 'lot'; did you mean 'lots'?"),
    ),
    Broken(
        "within-key",
        "within: {phase2: {consumes",
        "within: {phase2: {cnsumes",
        ("line 52: activities.build_gpus.within.phase2.cnsumes: unknown key 'cnsumes'; did you mean 'consumes'?"),
    ),
]

WORK = [
    Broken(
        "after-unknown",
        "after: [build_gpus]",
        "after: [build_gpu]",
        (
            "line 53: activities.integrate_racks.after.0: no activity or milestone 'build_gpu'; "
            "did you mean 'build_gpus'?"
        ),
    ),
    Broken(
        "after-supply",
        "after: [build_gpus]",
        "after: [hbm_stacks]",
        (
            "line 53: activities.integrate_racks.after.0: 'hbm_stacks' is a supply, not an "
            "activity or milestone; there are 'retrofit_hall', 'build_gpus',"
        ),
    ),
    Broken(
        "after-order",
        "after: [build_gpus]",
        "after: [first_batch]",
        (
            "line 53: activities.integrate_racks.after.0: 'first_batch' is an order of "
            "'generators', not an activity or milestone; did you mean 'first_rack'?"
        ),
    ),
    Broken(
        "after-itself",
        "after: [build_gpus]",
        "after: [integrate_racks]",
        (
            "line 53: activities.integrate_racks.after.0: waits for itself; an activity can wait only for "
            "its own instances in other places (`place: phase1`)"
        ),
    ),
    Broken(
        "after-key",
        "after: [build_gpus]",
        "after: [{activity: build_gpus, lagg: 3 d}]",
        ("line 53: activities.integrate_racks.after.0.lagg: unknown key 'lagg'; did you mean 'lag'?"),
    ),
    Broken(
        "after-without-activity",
        "after: [build_gpus]",
        "after: [{lag: 3 d}]",
        ("line 53: activities.integrate_racks.after.0: needs `activity`: the activity or milestone waited for"),
    ),
    Broken(
        "after-from",
        "after: [build_gpus]",
        "after: [{activity: build_gpus, from: begin}]",
        ("line 53: activities.integrate_racks.after.0.from: expected 'start' or 'finish', got 'begin'"),
    ),
    Broken(
        "after-count-zero",
        "after: [build_gpus]",
        "after: [{activity: build_gpus, count: 0}]",
        ("line 53: activities.integrate_racks.after.0.count: `count` must be from 1 to 10^9 of the linked instances"),
    ),
    Broken(
        "after-place-unknown",
        "after: [build_gpus]",
        "after: [{activity: build_gpus, place: phase9}]",
        (
            "line 53: activities.integrate_racks.after.0.place: no place 'phase9' of 'pod' or "
            "around it; did you mean 'phase2'?"
        ),
    ),
    Broken(
        "after-place-of-milestone",
        "after: [powered_25k]",
        "after: [{activity: powered_25k, place: phase1}]",
        (
            "line 69: activities.first_training.after.0: `place`, `count` and `from` belong to "
            "activities; 'powered_25k' is a milestone"
        ),
    ),
    Broken(
        "after-lag-percent",
        "after: [build_gpus]",
        "after: [{activity: build_gpus, lag: 33.333%}]",
        "line 53: activities.integrate_racks.after.0.lag: per cent have at most two decimals and are at most 1,000",
    ),
    Broken(
        "after-lag-share",
        "after: [build_gpus]",
        "after: [{activity: build_gpus, lag: 0.5}]",
        (
            "line 53: activities.integrate_racks.after.0.lag: a lag is a span such as '2 d', or a part of the "
            "predecessor's length such as '50%'"
        ),
    ),
    Broken(
        "after-lead",
        "after: [build_gpus]",
        "after: [{activity: build_gpus, lag: -2 months}]",
        (
            "line 53: activities.integrate_racks.after.0.lag: a month has no fixed length; write a lead in days or "
            "weeks, got '-2 months'"
        ),
    ),
    Broken(
        "after-finish-to-finish",
        "after: [build_gpus]",
        "after: [{activity: build_gpus, type: FF}]",
        (
            "line 53: activities.integrate_racks.after.0.type: unknown key 'type': a finish-to-finish link is "
            "`to: finish`"
        ),
    ),
    Broken(
        "after-start-to-start",
        "after: [build_gpus]",
        "after: [build_gpus SS + 3 d]",
        (
            "line 53: activities.integrate_racks.after.0: no activity or milestone 'build_gpus SS + 3 d'; "
            "write {activity: build_gpus, from: start, lag: 3 d}"
        ),
    ),
    Broken(
        "after-lead-in-short",
        "after: [build_gpus]",
        "after: [build_gpus-2d]",
        (
            "line 53: activities.integrate_racks.after.0: no activity or milestone 'build_gpus-2d'; "
            "write {activity: build_gpus, lag: -2d}"
        ),
    ),
    Broken(
        "duration-percent",
        "duration: 7 d",
        "duration: 70%",
        (
            "line 53: activities.integrate_racks.duration: expected a span such as '18 weeks', got '70%'; a "
            "percentage is not allowed here"
        ),
    ),
    Broken(
        "after-working-lag",
        "after: [build_gpus]",
        "after: [{activity: build_gpus, lag: {wrking: 3 d}}]",
        "line 53: activities.integrate_racks.after.0.lag: needs `working`: working time, or a part of the "
        "predecessor's in per cent",
    ),
    Broken(
        "after-mapping-in-list",
        "after: [build_gpus]",
        "after: {build_gpus: 3 d}",
        ("line 53: activities.integrate_racks.after: needs `activity`: the activity or milestone waited for"),
    ),
    Broken(
        "learning-rate",
        "{rate: 0.92, at: 100",
        "{rate: 92, at: 100",
        (
            "line 61: activities.install_rack.learning.rate: a learning rate must be above 0 and at most 2 "
            "(0.9: ten per cent less per doubling), got 92"
        ),
    ),
    Broken(
        "learning-until",
        "until: 1_000}",
        "until: 10}",
        ("line 61: activities.install_rack.learning.until: must be at least 100 (`at`), got 10"),
    ),
    Broken(
        "learning-missing-rate",
        "{rate: 0.92, at: 100",
        "{at: 100",
        (
            "line 61: activities.install_rack.learning: needs `rate`: time multiplier per "
            "doubling: 0.9 means ten per cent less"
        ),
    ),
    Broken(
        "rework-probability",
        "probability: 0.44",
        "probability: 1.44",
        ("line 67: activities.burn_in.rework.probability: a probability must be between 0 and 1, got 1.44"),
    ),
    Broken(
        "rework-resource",
        "duration: 0.2 to 5 d, requires: {technicians: 1}",
        "duration: 0.2 to 5 d, requires: {technician: 1}",
        (
            "line 67: activities.burn_in.rework.requires.technician: no resource 'technician'; "
            "did you mean 'technicians'?"
        ),
    ),
    Broken(
        "not-before",
        "    duration: 24 to 72 h",
        "    duration: 24 to 72 h\n    not_before: spring",
        (
            "line 66: activities.burn_in.not_before: expected a date such as 2024-05-02, or a "
            "span such as '30 d', got 'spring'"
        ),
    ),
    Broken(
        "priority",
        "    duration: 24 to 72 h",
        "    duration: 24 to 72 h\n    priority: high",
        "line 66: activities.burn_in.priority: expected a number, got 'high'",
    ),
]

RISKS = [
    Broken(
        "risk-probability",
        "probability: 0.4\n",
        "probability: 40\n",
        "line 73: risks.hbm_shortage.probability: a probability must be between 0 and 1, got 40",
    ),
    Broken(
        "risk-effect-unknown",
        "{supplies.hbm_stacks: 0.5}",
        "{supplies.hbm_stack: 0.5}",
        (
            "line 76: risks.hbm_shortage.effects.supplies.hbm_stack: unknown target 'supplies.hbm_stack'; "
            "write `supplies.NAME` or `resources.NAME` or `activities.NAME`; did you mean "
            "'supplies.hbm_stacks'?"
        ),
    ),
    Broken(
        "risk-effect-section",
        "{supplies.hbm_stacks: 0.5}",
        "{hbm_stacks: 0.5}",
        (
            "line 76: risks.hbm_shortage.effects.hbm_stacks: unknown target 'hbm_stacks'; write "
            "`supplies.NAME` or `resources.NAME` or `activities.NAME`"
        ),
    ),
    Broken(
        "risk-effect-no-production",
        "{supplies.hbm_stacks: 0.5}",
        "{supplies.generators: 0.5}",
        (
            "line 76: risks.hbm_shortage.effects.supplies.generators: 'generators' has no production for a "
            "risk to change; use `delays` to postpone orders"
        ),
    ),
    Broken(
        "risk-effect-percent",
        "{supplies.hbm_stacks: 0.5}",
        "{supplies.hbm_stacks: 20%}",
        (
            "line 76: risks.hbm_shortage.effects.supplies.hbm_stacks: 20% is ambiguous: "
            "20 % longer (or more) is 1.2, 20 % less is 0.8, down to 20 % is 0.2"
        ),
    ),
    Broken(
        "risk-effect-percent-up",
        "{supplies.hbm_stacks: 0.5}",
        "{supplies.hbm_stacks: +150%}",
        (
            "line 76: risks.hbm_shortage.effects.supplies.hbm_stacks: +150% is ambiguous: "
            "150 % longer (or more) is 2.5, up to 150 % is 1.5"
        ),
    ),
    Broken(
        "risk-effect-negative",
        "{supplies.hbm_stacks: 0.5}",
        "{supplies.hbm_stacks: -0.5}",
        ("line 76: risks.hbm_shortage.effects.supplies.hbm_stacks: a multiplier must be between 0 and 10^6, got -0.5"),
    ),
    Broken(
        "risk-adds-to-supply",
        "{supplies.hbm_stacks: 0.5}",
        "{supplies.hbm_stacks: 1 to 4 wk}",
        (
            "line 76: risks.hbm_shortage.effects.supplies.hbm_stacks: only `activities.NAME` can have time "
            "added; use `delays` for orders, and a multiplier such as 0.5 for the rest"
        ),
    ),
    Broken(
        "risk-times",
        "probability: 0.4\n",
        "probability: 0.4\n    times: 0\n",
        "line 74: risks.hbm_shortage.times: `times` must be 1 to 1,000, got 0",
    ),
    Broken(
        "risk-every-without-end",
        "    lasts: 4 to 12 wk\n",
        "    every: 9 wk\n",
        "risks.hbm_shortage.every: a risk with `every` also needs `lasts`",
    ),
    Broken(
        "risk-too-often",
        "    lasts: 4 to 12 wk\n",
        "    lasts: 1 h\n    every: 1 h\n",
        (
            "line 76: risks.hbm_shortage.every: strikes more than 1,000 times before the horizon; limit it "
            "with `times: 20`"
        ),
    ),
    Broken(
        "risk-follows-and-cuts",
        "begins: 2024-06-01 to 2024-08-01",
        "begins: {after: first_training}",
        (
            "line 76: risks.hbm_shortage.effects.supplies.hbm_stacks: a risk that begins after something "
            "can only change `activities.NAME`; other effects need a date or a span in `begins`"
        ),
    ),
    Broken(
        "risk-follows-nothing",
        "begins: 2024-06-01 to 2024-08-01",
        "begins: {after: first_trainin}",
        "risks.hbm_shortage.begins: no activity or milestone 'first_trainin'; did you mean 'first_training'?",
    ),
    Broken(
        "risk-delay-without-order",
        "    effects: {supplies.hbm_stacks: 0.5} ",
        "    delays: {supplies.hbm_stacks: 3 wk} ",
        ("line 76: risks.hbm_shortage.delays.supplies.hbm_stacks: 'hbm_stacks' has no orders to delay"),
    ),
    Broken(
        "risk-stop-work",
        "    effects: {supplies.hbm_stacks: 0.5} ",
        "    stop_work: [technicans] ",
        ("line 76: risks.hbm_shortage.stop_work.0: no resource or activity 'technicans'; did you mean 'technicians'?"),
    ),
    Broken(
        "risk-lasts-without-begin",
        "    begins: 2024-06-01 to 2024-08-01\n",
        "",
        (
            "line 74: risks.hbm_shortage.lasts: a risk with `lasts` also needs `begins`; without it the "
            "risk acts during the whole run"
        ),
    ),
    Broken(
        "money-without-currency",
        "cost: 20M USD",
        "cost: 20M",
        ("line 77: risks.hbm_shortage.mitigation.cost: money needs its currency: write '20M USD'"),
    ),
    Broken(
        "mitigation-probability",
        "probability: 0.15",
        "probability: 15",
        ("line 77: risks.hbm_shortage.mitigation.probability: a probability must be between 0 and 1, got 15"),
    ),
    Broken(
        "mitigation-key",
        "probability: 0.15",
        "probabilty: 0.15",
        ("line 77: risks.hbm_shortage.mitigation.probabilty: unknown key 'probabilty'; did you mean 'probability'?"),
    ),
]

BRANCHES = [
    Broken(
        "branch-one-way",
        "\nmilestones:\n",
        "\nbranches:\n  soil: {ways: {rock: {activities: [burn_in]}}}\nmilestones:\n",
        "line 80: branches.soil.ways: a branch needs two ways or more, got 1; a way may have no activities",
    ),
    Broken(
        "branch-no-ways",
        "\nmilestones:\n",
        "\nbranches:\n  soil: {per: hall}\nmilestones:\n",
        "line 80: branches.soil: needs `ways`: two or more ways",
    ),
    Broken(
        "branch-weight",
        "\nmilestones:\n",
        "\nbranches:\n  soil: {ways: {rock: {weight: -1}, sand: {}}}\nmilestones:\n",
        "line 80: branches.soil.ways.rock.weight: a weight is 0 or more and at most 10^9, got -1",
    ),
    Broken(
        "branch-weights",
        "\nmilestones:\n",
        "\nbranches:\n  soil: {ways: {rock: {weight: 0}, sand: {weight: 0}}}\nmilestones:\n",
        "line 80: branches.soil.ways: no way can be taken: all weights are 0",
    ),
    Broken(
        "branch-percent",
        "\nmilestones:\n",
        "\nbranches:\n  soil: {ways: {rock: {weight: 20 %}, sand: {}}}\nmilestones:\n",
        "line 80: branches.soil.ways.rock.weight: 20 % is a percentage: write the fraction 0.2",
    ),
    Broken(
        "branch-activity",
        "\nmilestones:\n",
        "\nbranches:\n  soil: {ways: {rock: {activities: burnin}, sand: {}}}\nmilestones:\n",
        "line 80: branches.soil.ways.rock.activities.0: no activity 'burnin'; did you mean 'burn_in'?",
    ),
    Broken(
        "branch-milestone",
        "\nmilestones:\n",
        "\nbranches:\n  soil: {ways: {rock: {activities: first_rack}, sand: {}}}\nmilestones:\n",
        "line 80: branches.soil.ways.rock.activities.0: 'first_rack' is a milestone, not an activity",
    ),
    Broken(
        "branch-twice",
        "\nmilestones:\n",
        "\nbranches:\n  soil: {ways: {rock: {activities: [burn_in, burn_in]}, sand: {}}}\nmilestones:\n",
        "line 80: branches.soil.ways.rock.activities.1: 'burn_in' appears twice in this way",
    ),
    Broken(
        "branch-two",
        "\nmilestones:\n",
        (
            "\nbranches:\n  soil: {ways: {rock: {activities: [burn_in]}, sand: {}}}\n  test: {ways: {one: "
            "{activities: [burn_in]}, other: {}}}\nmilestones:\n"
        ),
        (
            "line 81: branches.test.ways.one.activities.0: 'burn_in' is in the branch 'soil' on line 80, and "
            "cannot be in 'test' too"
        ),
    ),
    Broken(
        "branch-level",
        "\nmilestones:\n",
        "\nbranches:\n  soil: {per: halls, ways: {rock: {}, sand: {}}}\nmilestones:\n",
        "line 80: branches.soil.per: no place level 'halls'; did you mean 'hall'?",
    ),
    Broken(
        "branch-finer",
        "\nmilestones:\n",
        "\nbranches:\n  soil: {per: rack, ways: {rock: {activities: [integrate_racks]}, sand: {}}}\nmilestones:\n",
        (
            "line 80: branches.soil.ways.rock.activities.0: every 'rack' has a draw of 'soil' of its own, "
            "but this exists once in every 'pod': place it at 'rack' or a level inside it"
        ),
    ),
    Broken(
        "branch-key",
        "\nmilestones:\n",
        "\nbranches:\n  soil: {ways: {rock: {wieght: 1}, sand: {}}}\nmilestones:\n",
        "line 80: branches.soil.ways.rock.wieght: unknown key",
    ),
    Broken(
        "branch-name",
        "\nmilestones:\n",
        "\nbranches:\n  soil: {ways: {a.b: {}, sand: {}}}\nmilestones:\n",
        ("line 80: branches.soil.ways.a.b: the name 'a.b' contains a '.'; names cannot contain . / | * ? [ ] : ,"),
    ),
]

MILESTONES = [
    Broken(
        "milestone-both",
        "{activity: install_rack, event: start, reaches: 1}",
        "{activity: install_rack, supply: power, reaches: 1}",
        "line 80: milestones.first_rack: a milestone counts either an `activity` or a `supply`",
    ),
    Broken(
        "milestone-neither",
        "{activity: install_rack, event: start, reaches: 1}",
        "{reaches: 1}",
        "line 80: milestones.first_rack: a milestone counts either an `activity` or a `supply`",
    ),
    Broken(
        "milestone-activity",
        "{activity: install_rack, event: start, reaches: 1}",
        "{activity: instal_rack, reaches: 1}",
        ("line 80: milestones.first_rack.activity: no activity 'instal_rack'; did you mean 'install_rack'?"),
    ),
    Broken(
        "milestone-event",
        "{activity: install_rack, event: start, reaches: 1}",
        "{activity: install_rack, event: begin, reaches: 1}",
        "line 80: milestones.first_rack.event: expected 'start' or 'finish', got 'begin'",
    ),
    Broken(
        "milestone-too-many",
        "{activity: install_rack, event: start, reaches: 1}",
        "{activity: install_rack, reaches: 3_000}",
        (
            "line 80: milestones.first_rack.reaches: can never be reached: 'install_rack' is done"
            " 2,744 times there, not 3,000"
        ),
    ),
    Broken(
        "milestone-zero",
        "{activity: install_rack, event: start, reaches: 1}",
        "{activity: install_rack, reaches: 0}",
        "line 80: milestones.first_rack.reaches: `reaches` must be at least 1",
    ),
    Broken(
        "milestone-place",
        "{activity: install_rack, event: start, reaches: 1}",
        "{activity: install_rack, in: phase9}",
        ("line 80: milestones.first_rack.in: no place 'phase9' of 'rack' or around it; did you mean 'phase2'?"),
    ),
    Broken(
        "milestone-unit",
        "reaches: 25_000}",
        "reaches: 25 MW}",
        ("line 81: milestones.powered_25k.reaches: expected an amount in GPU, got '25 MW', which is in MW"),
    ),
    Broken(
        "milestone-without-number",
        "{supply: gpus_powered, reaches: 25_000}",
        "{supply: gpus_powered}",
        "line 81: milestones.powered_25k: a milestone of a supply says how much it `reaches`",
    ),
    Broken(
        "observed-date",
        "date: 2024-09-25",
        "date: autumn",
        (
            "line 87: milestones.usable_100k.observed.1.date: expected a date such as 2024-05-02 "
            "or 2024-05-02 07:30, got 'autumn'"
        ),
    ),
    Broken(
        "observed-source",
        "source: C001}",
        "source: C01}",
        ("line 86: milestones.usable_100k.observed.0.source: no source 'C01'; did you mean 'C001'?"),
    ),
    Broken(
        "fitted-path",
        "resources.rack_crews.count: {to",
        "resources.rack_crew.count: {to",
        (
            "line 90: fitted.resources.rack_crew.count: this scenario has no 'resources.rack_crew.count'; "
            "did you mean 'resources.rack_crews.count'?"
        ),
    ),
    Broken(
        "fitted-milestone",
        "{to: usable_100k,",
        "{to: usable_200k,",
        ("line 90: fitted.resources.rack_crews.count.to.0: no milestone 'usable_200k'; did you mean 'usable_100k'?"),
    ),
    Broken(
        "fitted-prior",
        "prior: 4 to 20",
        "prior: some",
        (
            "line 90: fitted.resources.rack_crews.count.prior: expected a range such as '4 to 20'"
            " or '3 to 9 wk', got 'some'"
        ),
    ),
    Broken(
        "fitted-outside-prior",
        "  resources.rack_crews.count: {to: usable_100k, prior: 4 to 20",
        "  resources.technicians.count: {to: usable_100k, prior: 4 to 20",
        (
            "line 90: fitted.resources.technicians.count.prior: resources.technicians.count is "
            "40, outside its prior range of 4 to 20"
        ),
    ),
]

SOURCES_AND_NAMES = [
    Broken(
        "source-unknown",
        "builders:       {count: 3}",
        "builders:       {count: {value: 3, source: C002}}",
        "line 20: resources.builders.count: no source 'C002'; did you mean 'C005'?",
    ),
    Broken(
        "value-without-source",
        "builders:       {count: 3}",
        "builders:       {count: {value: 3}}",
        (
            "line 20: resources.builders.count: a `value` needs its origin: add `source: KEY`, or "
            "`assumption: the reason`"
        ),
    ),
    Broken(
        "value-key",
        "builders:       {count: 3}",
        "builders:       {count: {value: 3, sorce: C001}}",
        ("line 20: resources.builders.count.sorce: unknown key 'sorce' beside `value`; did you mean 'source'?"),
    ),
    Broken(
        "name-reserved",
        "  first_training: {",
        "  site: {",
        "line 69: activities.site: the name 'site' is reserved by the format",
    ),
    Broken(
        "name-shared",
        "  first_training: {",
        "  dock: {",
        (
            "line 69: activities.dock: an activity cannot have the name 'dock': a resource has that name "
            "already on line 26"
        ),
    ),
    Broken(
        "name-with-dot",
        "  first_training: {",
        "  first.training: {",
        (
            "line 69: activities.first.training: the name 'first.training' contains a '.'; names cannot "
            "contain . / | * ? [ ] : ,"
        ),
    ),
    Broken(
        "name-with-star",
        "  first_training: {",
        "  'first*': {",
        ("line 69: activities.first*: the name 'first*' contains a '*'; names cannot contain . / | * ? [ ] : ,"),
    ),
]

BASES = [
    Broken(
        "extends-missing",
        "name: Colossus in small",
        "name: x\nextends: bse.yaml",
        "line 2: extends: there is no file 'bse.yaml'; did you mean 'base.yaml'?",
    ),
    Broken(
        "extends-outside",
        "name: Colossus in small",
        "name: x\nextends: ../../other.yaml",
        ("line 2: extends: '../../other.yaml' is outside the folder of the scenario; dcsim reads only inside it"),
    ),
    Broken(
        "extends-mapping",
        "name: Colossus in small",
        "name: x\nextends: {file: base.yaml}",
        "line 2: extends: expected the name of a file, such as 'base.yaml'",
    ),
    Broken(
        "extends-itself",
        "name: Colossus in small",
        "name: x\nextends: broken.yaml",
        "line 2: extends: these files extend each other in a loop: broken.yaml -> broken.yaml",
    ),
    Broken(
        "extends-folder",
        "name: Colossus in small",
        "name: x\nextends: .",
        "line 2: extends: '.' is a folder; name a file in it",
    ),
]


ALL = [
    *TEXT,
    *KEYS,
    *VALUES,
    *PLACES,
    *CALENDARS,
    *RESOURCES,
    *SUPPLIES,
    *WORK,
    *RISKS,
    *BRANCHES,
    *MILESTONES,
    *SOURCES_AND_NAMES,
    *BASES,
]
