"""Reads a YAML file of people's making: a key twice is a mistake, and times stay the text they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from mood_platform.challenges.mistakes import Mistakes
from mood_platform.errors import Invalid

TIMESTAMP = "tag:yaml.org,2002:timestamp"


def read_yaml(path: Path, mistakes: Mistakes) -> Any:
    """What the file holds; a key that stands twice is noted by its lines."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _loader(mistakes))  # noqa: S506 - a SafeLoader
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{path}: it cannot be read ({error}).", remedy="Check the path.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        remedy = "Correct the line that is named."
        raise Invalid(f"{path}: it is not YAML ({error}).", remedy=remedy) from error


def _loader(mistakes: Mistakes) -> type[yaml.SafeLoader]:
    class Careful(yaml.SafeLoader):
        """YAML lets the last of two equal keys win, and fails without a line on an hour that is none."""

        yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own protocol
            first: [(tag, pattern) for tag, pattern in resolvers if tag != TIMESTAMP]
            for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's own signature
            lines: dict[str, int] = {}
            for key in (one for one, _ in node.value if isinstance(one, yaml.ScalarNode)):
                line = key.start_mark.line + 1
                if key.value in lines:
                    problem = f"{key.value} stands twice, first in line {lines[key.value]}"
                    mistakes.add(f"line {line}", problem, "Leave one of them.")
                lines.setdefault(key.value, line)
            return super().construct_mapping(node, deep=deep)

    return Careful
