"""Reads typed fields from a JSON document; every error names the file, the field and the remedy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from mood_evaluator.errors import InvalidTestSet

EnumT = TypeVar("EnumT", bound=StrEnum)
REBUILD = "Correct the field or build the test set again"


@dataclass(frozen=True, slots=True)
class Fields:
    """One JSON object and where it stands, such as `test_set.json: cases[3]`."""

    document: Mapping[str, Any]
    place: str

    @classmethod
    def of(cls, document: Any, place: str) -> "Fields":
        if not isinstance(document, Mapping):
            raise InvalidTestSet(place, "a JSON object is expected here", REBUILD)
        return cls(document, place)

    def fail(self, name: str, problem: str) -> InvalidTestSet:
        separator = ": " if self.place.endswith(".json") else "."
        return InvalidTestSet(f"{self.place}{separator}{name}", problem, REBUILD)

    def value(self, name: str) -> Any:
        if name not in self.document:
            raise self.fail(name, "the field is missing")
        return self.document[name]

    def text(self, name: str) -> str:
        value = self.value(name)
        if not isinstance(value, str) or not value:
            raise self.fail(name, f"a non-empty text is expected, not {value!r}")
        if any("\ud800" <= letter <= "\udfff" for letter in value):  # half a character, which no file takes
            raise self.fail(name, f"a text of whole characters is expected, not {value!r}")
        return value

    def optional_text(self, name: str) -> str | None:
        return None if self.document.get(name) is None else self.text(name)

    def whole(self, name: str) -> int:
        value = self.value(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.fail(name, f"a whole number of 0 or more is expected, not {value!r}")
        return value

    def optional_whole(self, name: str) -> int | None:
        return None if self.document.get(name) is None else self.whole(name)

    def truth(self, name: str) -> bool:
        value = self.value(name)
        if not isinstance(value, bool):
            raise self.fail(name, f"true or false is expected, not {value!r}")
        return value

    def choice(self, name: str, kind: type[EnumT]) -> EnumT:
        return self._member(name, self.value(name), kind)

    def choices(self, name: str, kind: type[EnumT]) -> tuple[EnumT, ...]:
        return tuple(self._member(name, value, kind) for value in self.items(name))

    def _member(self, name: str, value: Any, kind: type[EnumT]) -> EnumT:
        try:
            return kind(value)
        except ValueError:
            raise self.fail(name, f"one of {', '.join(kind)} is expected, not {value!r}") from None

    def items(self, name: str) -> list[Any]:
        value = self.value(name)
        if not isinstance(value, list):
            raise self.fail(name, f"a list is expected, not {value!r}")
        return value

    def objects(self, name: str) -> Iterator["Fields"]:
        for index, item in enumerate(self.items(name)):
            yield Fields.of(item, self.fail(f"{name}[{index}]", "").place)
