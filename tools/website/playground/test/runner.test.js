import assert from "node:assert/strict";
import test from "node:test";

import { Runner } from "../src/runner.js";

function started() {
  const workers = [];
  const heard = [];
  const createWorker = () => {
    const worker = { sent: [], terminated: false, postMessage: (message) => worker.sent.push(message), terminate: () => (worker.terminated = true) };
    workers.push(worker);
    return worker;
  };
  const runner = new Runner(createWorker, (message) => heard.push(message));
  return { runner, workers, heard, tell: (worker, data) => worker.onmessage({ data }) };
}

test("one request runs, and of those that wait only the newest is kept", () => {
  const { runner, workers, heard, tell } = started();
  for (const text of ["a", "b", "c"]) runner.lint(text);
  assert.deepEqual(workers[0].sent.map(({ text }) => text), ["a"]);
  tell(workers[0], { kind: "result", id: workers[0].sent[0].id, result: 1 });
  assert.deepEqual(workers[0].sent.map(({ text }) => text), ["a", "c"]);
  assert.deepEqual(heard.filter(({ kind }) => kind === "result").map(({ source }) => source), ["a"]);
  assert.equal(heard.filter(({ kind }) => kind === "state").at(-1).busy, true);
  tell(workers[0], { kind: "error", id: workers[0].sent[1].id, text: "x" });
  assert.equal(heard.filter(({ kind }) => kind === "state").at(-1).busy, false);
});

test("stop ends the worker, drops its answers and starts another", () => {
  const { runner, workers, heard, tell } = started();
  runner.lint("a");
  runner.lint("b");
  runner.stop();
  assert.equal(workers[0].terminated, true);
  assert.equal(workers.length, 2);
  tell(workers[0], { kind: "result", id: workers[0].sent[0].id, result: 1 });
  assert.deepEqual(heard.filter(({ kind }) => kind === "result"), []);
  assert.deepEqual(workers[1].sent, []);
  runner.lint("c");
  assert.deepEqual(workers[1].sent.map(({ text }) => text), ["c"]);
});

test("a worker that cannot be loaded is told once, and nothing waits for it", () => {
  const { runner, workers, heard } = started();
  runner.lint("a");
  runner.lint("b");
  workers[0].onerror({ message: "404" });
  assert.deepEqual(heard.filter(({ kind }) => kind === "broken"), [{ kind: "broken", text: "404" }]);
  assert.equal(heard.filter(({ kind }) => kind === "state").at(-1).busy, false);
  assert.equal(workers[0].sent.length, 1);
});
