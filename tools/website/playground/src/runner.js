// Owns the worker: one request at a time, and of those that wait only the newest.
//
// Messages of the worker: progress {text}, ready, result {id, result}, fixed {id, text}, error {id, text}, fixes
// {available}, broken {text}: Python cannot be loaded.
const ANSWERS = ["result", "fixed", "error"];

export class Runner {
  #createWorker;
  #listener;
  #worker;
  #running = null;
  #waiting = null;
  #id = 0;

  // createWorker: returns a new Worker. listener: is called with each message, and with {kind: "state", busy}.
  constructor(createWorker, listener) {
    this.#createWorker = createWorker;
    this.#listener = listener;
    this.#start();
  }

  lint(text) {
    this.#request({ kind: "lint", text });
  }

  fix(text) {
    this.#request({ kind: "fix", text });
  }

  // Ends the worker whatever it does, and starts a new one. What was requested is dropped.
  stop() {
    this.#worker.terminate();
    this.#running = this.#waiting = null;
    this.#start();
    this.#listener({ kind: "state", busy: false });
  }

  #start() {
    const worker = this.#createWorker();
    this.#worker = worker;
    worker.onmessage = ({ data }) => {
      if (worker === this.#worker) this.#receive(data);
    };
    worker.onerror = (event) => {
      event.preventDefault?.();
      if (worker === this.#worker) this.#receive({ kind: "broken", text: event.message || "its worker is missing" });
    };
  }

  #request(request) {
    this.#waiting = { ...request, id: ++this.#id };
    this.#next();
  }

  #next() {
    if (this.#running !== null || this.#waiting === null) return;
    this.#running = this.#waiting;
    this.#waiting = null;
    this.#listener({ kind: "state", busy: true });
    this.#worker.postMessage(this.#running);
  }

  #receive(message) {
    const answers = ANSWERS.includes(message.kind);
    if (answers && message.id !== this.#running?.id) return;
    const request = this.#running;
    if (answers || message.kind === "broken") this.#running = null;
    if (message.kind === "broken") this.#waiting = null;
    if (this.#running === null && this.#waiting === null) this.#listener({ kind: "state", busy: false });
    this.#listener(answers ? { ...message, source: request.text } : message);
    this.#next();
  }
}
