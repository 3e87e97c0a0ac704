"""Reads a YAML file of people's making: its faults are told in words, and times stay the text they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from mood_platform.challenges.mistakes import Mistakes
from mood_platform.errors import Invalid

NOT_A_VALUE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
"""What PyYAML lets through when a value is not of the kind that its tag says, or is too long a number."""
TIMESTAMP = "tag:yaml.org,2002:timestamp"


def read_yaml(path: Path, mistakes: Mistakes) -> Any:
    """What the file holds; a key that stands twice is noted by its lines."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _loader(mistakes))  # noqa: S506 - a SafeLoader
    except (OSError, ValueError) as error:
        raise Invalid(f"{path}: it cannot be read ({error}).", remedy="Check the path.") from error
    except RecursionError as error:
        remedy = "Write it as the organizer guide shows it."
        raise Invalid(f"{path}: its brackets are nested too deeply.", remedy=remedy) from error
    except yaml.YAMLError as error:
        remedy = "Correct the line that is named."
        raise Invalid(f"{path}: it is not YAML ({error}).", remedy=remedy) from error


def _require_name(key: yaml.Node) -> None:
    if not isinstance(key, yaml.ScalarNode):
        problem = "a list or a mapping stands where a name belongs"
        raise ConstructorError(problem=problem, problem_mark=key.start_mark)


def _printable(number: int) -> int:
    """ValueError where it has more digits than Python writes; as a hexadecimal number it is read."""
    return int(str(number))


def _loader(mistakes: Mistakes) -> type[yaml.SafeLoader]:
    class Careful(yaml.SafeLoader):
        """YAML lets the last of two equal keys win, and fails without a line on an hour that is none."""

        yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own protocol
            first: [(tag, pattern) for tag, pattern in resolvers if tag != TIMESTAMP]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's own signature
            lines: dict[str, int] = {}
            for key, _ in node.value:
                _require_name(key)
                line = key.start_mark.line + 1
                if key.value in lines:
                    problem = f"{key.value} stands twice, first in line {lines[key.value]}"
                    mistakes.add(f"line {line}", problem, "Leave one of them.")
                lines.setdefault(key.value, line)
            return super().construct_mapping(node, deep=deep)

        def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - the same
            try:
                value = super().construct_object(node, deep=deep)
                return _printable(value) if type(value) is int else value
            except NOT_A_VALUE as error:
                problem = f"this is no value of the kind {node.tag}"
                raise ConstructorError(problem=problem, problem_mark=node.start_mark) from error

    return Careful
