"""`verify` accepts what the publisher made and nothing that means something else."""

from __future__ import annotations

import random

import pytest

from staithe.base.errors import BadInput, UserError
from staithe.ledger.checkpoint import TreeHead, new_signing_key, open_checkpoint
from staithe.ledger.tree import EMPTY_ROOT
from staithe.registers import item, rsf, seal
from staithe.registers.register import Register, read_register
from staithe.registers.rsf import BadLine
from staithe.registers.seal import Digest, Seal, metadata_origin
from staithe.registers.verify import verify, verify_lines


ORIGIN = "data.example.gov.uk/registers/town"
UNCOVERED = {
    # Entries stand after the last root line of these three: nothing in them covers it.
    "country",
    "information-sharing-agreement-0001",
    "information-sharing-agreement-specified-person-0001",
}


def check(name: str, data: bytes, note: str | None = None, **options):
    lines = rsf.lines_of([data])
    return verify_lines(lines, note=note, name=name, **options)


def write(register: Register) -> bytes:
    return b"".join(rsf.write(command) for command in register.commands())


def sealed(data: bytes, name: str, key=None) -> tuple[str, object]:
    """Return the side file that a service would sign for a file."""
    key = key or new_signing_key(ORIGIN)
    register = read_register(name, rsf.lines_of([data]))
    digest = Digest()
    for _ in digest.over(rsf.lines_of([data])):
        pass
    heads = [
        TreeHead(ORIGIN, register.size, register.root()),
        TreeHead(metadata_origin(ORIGIN), len(register.log["system"]), register.root(scope="system")),
    ]  # fmt: skip
    return seal.sign(Seal(*heads, digest.value(), key.verifier), key=key), key


@pytest.mark.data
def test_all_published_registers_give_their_stated_roots(rsf_files, stated_roots):
    assert len(rsf_files) == 19
    for name, data in rsf_files.items():
        report = check(name, data, root=stated_roots[name])
        assert report.root == stated_roots[name].hex()


@pytest.mark.data
def test_exports_of_published_registers_give_the_same_roots(rsf_files, stated_roots):
    for name, data in rsf_files.items():
        register = read_register(name, rsf.lines_of([data]))
        again = read_register(name, rsf.lines_of([write(register)]))
        assert again.root() == stated_roots[name]
        assert again.root(scope="system") == register.root(scope="system")
        assert again.records() == register.records()
        check(name, write(register))


@pytest.mark.data
def test_entries_that_no_root_covers_are_named_unless_the_root_is_given(
    rsf_files, stated_roots
):
    found = set()
    for name, data in rsf_files.items():
        try:
            check(name, data)
        except BadLine as error:
            found.add(name)
            stated = stated_roots[name].hex() in error.message
    assert found == UNCOVERED
    assert stated, "the refusal says what root to look for"


@pytest.mark.data
def test_history_that_is_amiss_is_told_of(rsf_files, stated_roots):
    told = {
        name: check(name, data, root=stated_roots[name]).warnings[1:]
        for name, data in rsf_files.items()
    }
    assert {name: len(each) for name, each in told.items() if each} == {
        "government-domain": 25,
        "information-sharing-agreement-specified-person-0001": 2,
        "territory": 1,
    }


def _change(line: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(line))
    kind = chance.randrange(3)
    if kind == 0:
        return (
            line[:at] + bytes([line[at] ^ (1 << chance.randrange(8))]) + line[at + 1 :]
        )
    if kind == 1:
        return line[:at] + line[at + 1 :]
    return line[:at] + bytes([chance.randrange(256)]) + line[at:]


def _meaning(lines: list[bytes]) -> list[bytes]:
    """Return the lines without their ends: a change of those alone changes nothing."""
    return [line.removesuffix(b"\r") for line in b"\n".join(lines).split(b"\n")]


def changed_history(data: bytes, chance: random.Random) -> bytes | None:
    """Change a user entry, an item or a root line of a file of RSF, somehow."""
    lines = data.split(b"\n")[:-1]
    candidates = [i for i, line in enumerate(lines) if b"\tsystem\t" not in line]
    at = chance.choice(candidates)
    kind = chance.randrange(8)
    new = list(lines)
    if kind == 0:
        del new[at]
    elif kind == 1 and lines[at].startswith(b"append"):
        new.insert(at, lines[at])
    elif kind == 2:
        other = chance.choice(candidates)
        if lines[at][:10] == lines[other][:10] == b"add-item\t{":
            return None  # the order of items says nothing
        new[at], new[other] = new[other], new[at]
    else:
        new[at] = _change(lines[at], chance)
    same = _meaning(new) == _meaning(lines)
    return None if same else b"\n".join(new) + b"\n"


def _says(name: str, data: bytes) -> tuple[object, object]:
    """Return the entries of both logs and the items: all that a file means."""
    register = read_register(name, rsf.lines_of([data]))
    return register.log, register.items


def passed(data: bytes, count: int, seed: int, name: str) -> list[bytes]:
    """Return the changed files that verify let through."""
    chance = random.Random(seed)
    found, tried = [], 0
    while tried < count:
        changed = changed_history(data, chance)
        if changed is None:
            continue
        tried += 1
        try:
            check(name, changed)
        except UserError:
            continue
        # What stands where between two entries says nothing: what they say does.
        if _says(name, changed) != _says(name, data):
            found.append(changed)
    return found


@pytest.mark.data
@pytest.mark.parametrize("name", ["datatype", "local-authority-sct"])
def test_no_change_to_a_historical_file_passes(rsf_files, name):
    assert passed(rsf_files[name], 120, 7, name) == []


@pytest.mark.data
@pytest.mark.long
@pytest.mark.parametrize(
    "name", ["local-authority-eng", "school-type-eng", "territory", "register"]
)
def test_none_of_a_thousand_changes_to_a_historical_file_passes(rsf_files, name):
    assert passed(rsf_files[name], 1000, 11, name) == []


@pytest.mark.data
def test_a_sealed_file_verifies_and_names_its_signer(rsf_files):
    data = write(read_register("country", rsf.lines_of([rsf_files["country"]])))
    note, key = sealed(data, "country")
    report = check("country", data, note, keys=[key.verifier])
    assert (report.size, report.metadata_size, report.warnings) == (210, 16, ())
    assert report.signed_by == str(key.verifier)
    assert "The key came with" in check("country", data, note).warnings[0]
    check("country", data.replace(b"\n", b"\r\n"), note)  # line ends are not content
    head = open_checkpoint(note, keys=[key.verifier])  # and it is a checkpoint
    assert (head.size, head.root.hex()) == (210, report.root)


@pytest.mark.data
@pytest.mark.parametrize("count", [150, pytest.param(1000, marks=pytest.mark.long)])
def test_no_change_to_any_byte_of_a_sealed_file_or_its_seal_passes(rsf_files, count):
    data = write(read_register("datatype", rsf.lines_of([rsf_files["datatype"]])))
    note, key = sealed(data, "datatype")
    chance = random.Random(5)
    for _ in range(count):
        which = chance.randrange(2)
        old = (data, note.encode())[which]
        new = _change(old, chance)
        parts = [new, note.encode()] if which == 0 else [data, new]
        if (
            parts[0].replace(b"\r\n", b"\n").rstrip(b"\n") == data.rstrip(b"\n")
            and not which
        ):
            continue
        for keys in ([key.verifier], []):
            try:
                check("datatype", parts[0], parts[1].decode(), keys=keys)
            except (UserError, UnicodeDecodeError):
                continue
            pytest.fail(f"let through: {new!r}")


@pytest.mark.data
def test_a_seal_by_another_key_or_of_another_file_is_refused(rsf_files):
    data = write(read_register("datatype", rsf.lines_of([rsf_files["datatype"]])))
    note, key = sealed(data, "datatype")
    stranger = new_signing_key(ORIGIN).verifier
    with pytest.raises(UserError, match="No known key"):
        check("datatype", data, note, keys=[stranger])
    with pytest.raises(BadInput, match="no side file"):
        check("datatype", data, None, keys=[key.verifier])
    other = write(read_register("country", rsf.lines_of([rsf_files["country"]])))
    with pytest.raises(UserError, match="is not the one that was signed"):
        check("country", other, note, keys=[key.verifier])


def test_a_file_by_path_is_verified_with_its_side_file(tmp_path, small):
    path = tmp_path / "address.rsf"
    path.write_bytes(b"\n".join(small) + b"\n")
    assert "No signed side file" in verify(str(path)).warnings[0]
    note, key = sealed(path.read_bytes(), "address")
    (tmp_path / "address.rsf.sig").write_text(note, "utf-8")
    assert verify(str(path), keys=[key.verifier]).size == 5
    with pytest.raises(BadInput, match="Cannot read"):
        verify(str(tmp_path / "none.rsf"))


def test_a_whole_register_opens_and_closes_with_roots(small):
    for lines in (small[1:], small[:-1], [], small[:1] + small[1:-1]):
        with pytest.raises(BadLine):
            check("address", b"\n".join(lines))
    expected = item.read_hash(
        "sha-256:a0aa6dace50e47c68fd4a79e3d94ba525f827e0a44bb64ed2e5f75cfe051b71c"
    )
    check("address", b"\n".join(small[:-1]), root=expected)
    with pytest.raises(UserError, match="not the one expected"):
        check("address", b"\n".join(small), root=EMPTY_ROOT)
