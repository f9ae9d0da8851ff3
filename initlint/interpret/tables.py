"""Who does what: the tables that the machine runs by."""

from __future__ import annotations

from initlint.interpret.additions import known_function
from initlint.interpret.attributes import attribute
from initlint.interpret.binding import bind
from initlint.interpret.definitions import construct
from initlint.interpret.expressions import EVALUATE
from initlint.interpret.externals import call_external, call_unknown
from initlint.interpret.machine import Tables
from initlint.interpret.methods import call_method
from initlint.interpret.modules import call_instance
from initlint.interpret.statements import EXECUTE

TABLES = Tables(
    evaluate=EVALUATE,
    execute=EXECUTE,
    attribute=attribute,
    call_external=call_external,
    call_method=call_method,
    call_instance=call_instance,
    construct=construct,
    bind=bind,
    call_unknown=call_unknown,
    helper=known_function,
)
