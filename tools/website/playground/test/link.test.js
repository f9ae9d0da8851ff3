import assert from "node:assert/strict";
import test from "node:test";

import { fromFragment, toFragment } from "../src/link.js";

for (const text of ["", "x = 1\n", "µ = '🙂' # 神经\r\n\tpass", "nn.Linear(3, 4)\n".repeat(5000)]) {
  test(`a link holds ${text.length} characters`, async () => {
    const fragment = await toFragment(text);
    assert.match(fragment, /^#code=[\w-]*$/);
    assert.equal(await fromFragment(fragment), text);
    if (text.length > 1000) assert.ok(fragment.length < text.length / 50);
  });
}

for (const fragment of ["", "#", "#f1", "#code", "#code=%%%", "#code=AAAA", `${"#code=x".repeat(9)}`]) {
  test(`"${fragment}" holds no text`, async () => assert.equal(await fromFragment(fragment), null));
}
