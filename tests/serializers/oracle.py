#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""oracle.py SCHEMAS GOLDEN

The checkpoints that are kept in GOLDEN, read by others than us: proto by protobuf with the schema
l2tpha.proto, CBOR by cbor2, JSON by Python's json and jsonschema with l2tpha.schema.json. All have to
say the same. Exit status 77: one of them is not there."""
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import cbor2
    import jsonschema
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

BYTES = descriptor_pb2.FieldDescriptorProto.TYPE_BYTES


def checkpoint_class(schemas):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder, "set")
        try:
            subprocess.run(["protoc", f"-I{schemas}", f"-o{out}", "l2tpha.proto"], check=True)
        except FileNotFoundError:
            print("skipped: no protoc")
            sys.exit(77)
        files = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName("l2tpha.Checkpoint"))


def of_proto(message):
    """Header and records as {number: value}."""
    header = {field.number: value for field, value in message.ListFields() if field.name != "record"}
    records = []
    for record in message.record:
        kind = record.WhichOneof("kind")
        body = getattr(record, kind)
        assert not body.UnknownFields() if hasattr(body, "UnknownFields") else True
        records.append((kind, {field.number: value for field, value in body.ListFields()}))
    return header, records


def of_cbor(item, kinds):
    records = [(kinds[kind], fields) for kind, fields in item.pop(15, [])]
    return item, records


def from_json(descriptor, schema, values):
    fields = {}
    for name, value in values.items():
        field = descriptor.fields_by_name[name]
        if field.type != BYTES:
            value = int(value)
        elif "pattern" in schema["properties"][name]:
            value = bytes.fromhex(value)
        else:
            value = bytes.fromhex(value[1:]) if value.startswith("#") else value.encode()
        fields[field.number] = value
    return fields


def of_json(item, checkpoint, schema):
    record = checkpoint.fields_by_name["record"].message_type
    records = []
    for one in item.pop("records", []):
        (kind, values), = one.items()
        records.append((kind, from_json(record.fields_by_name[kind].message_type, schema["$defs"][kind], values)))
    return from_json(checkpoint, schema, item), records


def check_schema(validator):
    """It refuses what it is for."""
    for text in ('{}', '{"version":-1}', '{"version":1,"kind":6}', '{"version":1,"epoch":"x"}',
                 '{"version":1,"records":[{}]}', '{"version":1,"records":[{"gone":{}}]}',
                 '{"version":1,"records":[{"gone":{"tunnel_id":0}}]}',
                 '{"version":1,"records":[{"gone":{"tunnel_id":1,"other":1}}]}',
                 '{"version":1,"records":[{"node":{"tunnel_key":"0g"}}]}',
                 '{"version":1,"records":[{"tunnel":{"local_id":1,"configured_method":4}}]}'):
        assert not validator.is_valid(json.loads(text)), text
    for text in ('{"version":1,"records":[{"tunnel":{"local_id":1,"configured_method":255}}]}',
                 '{"version":1,"number":"9007199254740993","records":[{"node":{"#40":7,"#raw":"00"}}]}'):
        validator.validate(json.loads(text))


def main(schemas, golden):
    checkpoint = checkpoint_class(schemas)
    descriptor = checkpoint.DESCRIPTOR
    kinds = {field.number: field.name for field in descriptor.fields_by_name["record"].message_type.fields}
    schema = json.loads(pathlib.Path(schemas, "l2tpha.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    check_schema(validator)
    lines = [pathlib.Path(golden, name).read_text(encoding="utf-8").splitlines()
             for name in ("checkpoints.txt", "checkpoints.cbor.txt", "checkpoints.json.txt")]
    assert len(lines[0]) == len(lines[1]) == len(lines[2]) > 10
    seen = set()
    for number, (proto, cbor, text) in enumerate(zip(*lines), 1):
        wanted = of_proto(checkpoint.FromString(bytes.fromhex(proto)))
        seen.update(kind for kind, _fields in wanted[1])
        item = cbor2.loads(bytes.fromhex(cbor))
        assert cbor2.dumps(item, canonical=True).hex() == cbor, f"line {number}: not deterministic"
        assert of_cbor(item, kinds) == wanted, f"line {number}: CBOR differs"
        item = json.loads(text)
        validator.validate(item)
        assert of_json(item, descriptor, schema) == wanted, f"line {number}: JSON differs"
    assert seen == set(kinds.values()), seen
    print(f"{len(lines[0])} checkpoints, read by protobuf, cbor2 and json, say the same")


main(*sys.argv[1:])
