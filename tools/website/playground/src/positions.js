// initlint counts rows and columns from 1, columns in characters; editors count UTF-16 units from the start of a text.
export function offsetOf(doc, row, column) {
  const line = doc.line(Math.min(Math.max(row, 1), doc.lines));
  let units = 0;
  for (const character of Array.from(line.text).slice(0, column - 1)) units += character.length;
  return Math.min(line.from + units, line.to);
}

// The edits of a fix as changes of the editor, in the order of the text.
export function changesOf(doc, edits) {
  return edits
    .map((edit) => ({
      from: offsetOf(doc, edit.row, edit.column),
      to: offsetOf(doc, edit.end_row, edit.end_column),
      insert: edit.replacement,
    }))
    .sort((a, b) => a.from - b.from);
}
