import assert from "node:assert/strict";
import test from "node:test";

import { changesOf, offsetOf } from "../src/positions.js";

// The part of an editor's document that is asked for.
function documentOf(text) {
  const lines = text.split("\n");
  const start = (number) => lines.slice(0, number - 1).reduce((sum, line) => sum + line.length + 1, 0);
  return {
    lines: lines.length,
    line: (number) => ({ text: lines[number - 1], from: start(number), to: start(number) + lines[number - 1].length }),
  };
}

test("columns count characters, offsets UTF-16 units", () => {
  const text = "a🙂b\nµc";
  const doc = documentOf(text);
  assert.equal(text.slice(offsetOf(doc, 1, 3)), "b\nµc");
  assert.equal(text.slice(offsetOf(doc, 2, 2)), "c");
  assert.equal(offsetOf(doc, 1, 99), 4);
  assert.equal(offsetOf(doc, 9, 1), 5);
});

test("edits are changes in the order of the text", () => {
  const edits = [
    { row: 2, column: 1, end_row: 2, end_column: 2, replacement: "x" },
    { row: 1, column: 2, end_row: 1, end_column: 2, replacement: "new" },
  ];
  assert.deepEqual(changesOf(documentOf("ab\ncd"), edits), [
    { from: 1, to: 1, insert: "new" },
    { from: 3, to: 4, insert: "x" },
  ]);
});
