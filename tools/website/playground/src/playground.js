// The page: an editor, the findings in its margin and as a list, the fixes, and the models.
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

import { html, marked } from "./elements.js";
import { EXAMPLES } from "./examples.js";
import { fromFragment, toFragment } from "./link.js";
import { plot } from "./plot.js";
import { changesOf, offsetOf } from "./positions.js";
import { Runner } from "./runner.js";

const DELAY = 300; // milliseconds without a change after which the text is linted
const KINDS = { error: "error", warning: "warning", info: "note" };
const COLORS = HighlightStyle.define([
  { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
  { tag: tags.string, color: "var(--syntax-string)" },
  { tag: tags.number, color: "var(--syntax-number)" },
  { tag: [tags.keyword, tags.operatorKeyword], color: "var(--syntax-keyword)" },
  { tag: [tags.definition(tags.variableName), tags.function(tags.definition(tags.variableName)), tags.className], color: "var(--syntax-name)" },
]);

function newWorker() {
  return new Worker(new URL("worker.js", import.meta.url), { type: "module" });
}

// Fills `root` with the playground. createWorker: what runs initlint, see runner.js.
export async function mount(root, { createWorker = newWorker } = {}) {
  const page = new Playground(root, createWorker);
  page.open((await fromFragment(location.hash)) ?? EXAMPLES[0].code);
  addEventListener("hashchange", async () => {
    const text = await fromFragment(location.hash);
    if (text !== null) page.open(text);
  });
  return page;
}

class Playground {
  #libcst = null; // null: not known yet
  #timer;

  constructor(root, createWorker) {
    this.#build(root);
    this.#runner = new Runner(createWorker, (message) => this.#receive(message));
  }

  #runner;

  // Replaces the text and lints it.
  open(text) {
    this.#view.dispatch({ changes: { from: 0, to: this.#view.state.doc.length, insert: text } });
    const example = EXAMPLES.findIndex(({ code }) => code === text);
    this.#examples.value = example < 0 ? "" : String(example);
    this.#lint();
  }

  get text() {
    return this.#view.state.doc.toString();
  }

  #view;
  #examples;
  #status; // of initlint
  #hint; // what an action of the user has done
  #stop;
  #fixAll;
  #fixNote;
  #list;
  #models;

  #build(root) {
    const button = (text, onclick, more = {}) => html("button", { type: "button", onclick, ...more }, text);
    this.#examples = html(
      "select",
      { id: "playground-example", onchange: () => this.#examples.value && this.open(EXAMPLES[this.#examples.value].code) },
      html("option", { value: "" }, "your own code"),
      ...EXAMPLES.map(({ name }, number) => html("option", { value: number }, name)),
    );
    this.#status = html("p", { class: "status", role: "status" });
    this.#hint = html("p", { class: "status", role: "status" });
    this.#stop = button("Stop", () => this.#stopped(), { disabled: true });
    this.#fixAll = button("Apply all safe fixes", () => this.#runner.fix(this.text), { hidden: true });
    this.#fixNote = html("p", { class: "note", hidden: true });
    this.#list = html("ol", { class: "findings" });
    this.#models = html("div", { class: "models" });
    const editor = html("div", { class: "editor" });
    root.classList.add("playground");
    root.replaceChildren(
      html(
        "div",
        { class: "bar" },
        html("label", { for: "playground-example" }, "Example"),
        this.#examples,
        button("Copy link", () => this.#copyLink()),
        this.#stop,
        this.#status,
        this.#hint,
      ),
      html("section", { class: "source", "aria-label": "Source" }, editor),
      html(
        "section",
        { class: "results", "aria-labelledby": "playground-findings" },
        html("h2", { id: "playground-findings" }, "Findings"),
        html("div", { class: "fixing" }, this.#fixAll, this.#fixNote),
        this.#list,
      ),
      html(
        "section",
        { class: "drawn", "aria-labelledby": "playground-models" },
        html("h2", { id: "playground-models" }, "Models"),
        this.#models,
      ),
    );
    root.addEventListener("click", (event) => this.#followLink(root, event));
    this.#view = new EditorView({
      parent: editor,
      state: EditorState.create({
        extensions: [
          lineNumbers(),
          lintGutter(),
          history(),
          drawSelection(),
          highlightActiveLine(),
          bracketMatching(),
          indentOnInput(),
          indentUnit.of("    "),
          python(),
          syntaxHighlighting(COLORS),
          // Tab is left to the page: it leads on to the findings.
          keymap.of([...lintKeymap, ...defaultKeymap, ...historyKeymap]),
          EditorView.contentAttributes.of({ "aria-label": "Python source", tabindex: "0" }),
          EditorView.updateListener.of((update) => update.docChanged && this.#changed()),
        ],
      }),
    });
  }

  #changed() {
    this.#hint.textContent = "";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lint(), DELAY);
  }

  #lint() {
    clearTimeout(this.#timer);
    this.#runner.lint(this.text);
  }

  #stopped() {
    this.#runner.stop();
    this.#hint.textContent = "Stopped. The next change is linted again.";
  }

  #say(text) {
    if (this.#status.textContent !== text) this.#status.textContent = text;
  }

  #receive(message) {
    const { kind, text } = message;
    if (kind === "state") this.#stop.disabled = !message.busy;
    else if (kind === "progress") this.#say(`${text} …`);
    else if (kind === "result" && message.source === this.text) this.#show(message.result);
    else if (kind === "fixed") this.#fixed(message);
    else if (kind === "fixes") this.#setFixes(message.available);
    else if (kind === "error") this.#say(`initlint failed: ${text.trim().split("\n").at(-1)}`);
    else if (kind === "broken") {
      this.#say(`Python could not be loaded (${text}). Reload the page when you are connected.`);
    }
  }

  #fixed({ text, source }) {
    if (source !== this.text) return;
    if (text !== source) this.open(text);
    this.#hint.textContent = text === source ? "No fix could be applied." : "The fixes are applied.";
  }

  #setFixes(available) {
    this.#libcst = available;
    this.#fixNote.hidden = available;
    this.#fixNote.textContent = available
      ? ""
      : "Fixes are not offered: they need libcst, which could not be loaded from cdn.jsdelivr.net.";
    if (available) this.#lint();
  }

  #show({ findings, models, left_out: leftOut, failures }) {
    const doc = this.#view.state.doc;
    const diagnostics = findings.map((finding) => {
      const from = offsetOf(doc, finding.row, finding.column);
      return {
        from,
        to: Math.max(from, offsetOf(doc, finding.end_row, finding.end_column)),
        severity: finding.severity,
        source: finding.code,
        message: finding.message,
      };
    });
    this.#view.dispatch(setDiagnostics(this.#view.state, diagnostics));
    this.#list.replaceChildren(...findings.map((finding, index) => this.#finding(finding, index + 1)));
    const safe = findings.filter(({ fix }) => fix?.applicability === "safe").length;
    this.#fixAll.hidden = this.#libcst !== true || safe === 0;
    this.#models.replaceChildren(
      ...models.map((model) => this.#model(model)),
      ...(leftOut ? [html("p", { class: "note" }, `${leftOut} more models are not shown.`)] : []),
      ...(models.length ? [] : [html("p", { class: "note" }, "No model is defined here.")]),
    );
    if (failures.length) this.#say(`initlint failed: ${failures[0]}`);
    else this.#say(findings.length ? `${findings.length} finding${findings.length > 1 ? "s" : ""}` : "No findings");
  }

  #finding(finding, number) {
    const { code, name, severity, row, column, message, url, fix, related } = finding;
    return html(
      "li",
      { id: `f${number}`, class: `finding ${severity}`, tabindex: "-1" },
      html(
        "h3",
        {},
        html("span", { class: `severity ${severity}` }, KINDS[severity]),
        " ",
        html("a", { href: url, target: "_blank", rel: "noopener" }, `${code} ${name}`),
        " ",
        html("button", { type: "button", class: "where", onclick: () => this.#goTo(row, column) }, `line ${row}`),
      ),
      html("p", { class: "message" }, ...marked(message)),
      ...related.slice(0, 4).map((other) =>
        html(
          "p",
          { class: "related" },
          html("button", { type: "button", class: "where", onclick: () => this.#goTo(other.row, 1) }, `line ${other.row}`),
          " ",
          ...marked(other.message),
        ),
      ),
      fix && this.#libcst === true ? this.#fix(fix, number) : null,
    );
  }

  #fix(fix, number) {
    const lines = fix.diff.map((line) => {
      const name = line.startsWith("+") ? "ins" : line.startsWith("-") ? "del" : "span";
      return html(name, { class: line.startsWith("@@") ? "hunk" : false }, `${line}\n`);
    });
    const kind = fix.applicability === "safe" ? "safe" : "unsafe: read it first";
    return html(
      "details",
      { class: "fix" },
      html("summary", {}, "Fix: ", ...marked(fix.message), ` (${kind})`),
      html("pre", { tabindex: "0", role: "group", "aria-label": `Diff of the fix of finding ${number}` }, ...lines),
      html("button", { type: "button", onclick: () => this.#apply(fix) }, "Apply this fix"),
    );
  }

  #apply(fix) {
    this.#view.dispatch({ changes: changesOf(this.#view.state.doc, fix.edits), userEvent: "input.fix" });
    this.#hint.textContent = "The fix is applied.";
    this.#view.focus();
  }

  #goTo(row, column) {
    const anchor = offsetOf(this.#view.state.doc, row, column);
    this.#view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
    this.#view.focus();
  }

  #model({ anchor, name, row, drawing, curves, circled, summary, notes, layers }) {
    const picture = html("div", { class: "drawing", tabindex: "0", role: "group", "aria-label": `Drawing of ${name}` });
    if (drawing) picture.innerHTML = drawing; // made and escaped by initlint's template
    return html(
      "article",
      { class: "model", "aria-label": name },
      html(
        "h3",
        {},
        html("code", {}, name),
        " ",
        html("button", { type: "button", class: "where", onclick: () => this.#goTo(row, 1) }, `line ${row}`),
      ),
      html("figure", {}, curves.length ? plot(curves, circled) : null, html("figcaption", {}, summary)),
      ...notes.map((note) => html("p", { class: "note" }, note)),
      drawing ? picture : null,
      html(
        "details",
        {},
        html("summary", {}, `All layers of ${name}`),
        html("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": `Layers of ${name}` }, table(anchor, layers)),
      ),
    );
  }

  // Links of a drawing lead to a finding or to a layer of the table. The fragment of the page is the text.
  #followLink(root, event) {
    const href = event.target.closest?.("a")?.getAttribute("href");
    if (!href?.startsWith("#")) return;
    event.preventDefault();
    const target = root.querySelector(`[id="${href.slice(1)}"]`);
    const around = target?.closest("details");
    if (around) around.open = true;
    target?.scrollIntoView({ block: "nearest" });
    target?.focus({ preventScroll: true });
  }

  async #copyLink() {
    const address = new URL(location.href);
    address.hash = await toFragment(this.text);
    globalThis.history.replaceState(null, "", address);
    try {
      await navigator.clipboard.writeText(address.href);
      this.#hint.textContent = "The link is copied. It holds the source itself.";
    } catch {
      this.#hint.textContent = "The link is in the address bar. It holds the source itself.";
    }
  }
}

function table(anchor, layers) {
  const heads = ["#", "layer", "init of its weight", "then", "mean square", "findings"];
  return html(
    "table",
    {},
    html("thead", {}, html("tr", {}, ...heads.map((text) => html("th", { scope: "col" }, text)))),
    html(
      "tbody",
      {},
      ...layers.map(({ number, label, count, shape, init, kind, follows, level, codes }) =>
        html(
          "tr",
          { id: `${anchor}-${number}`, class: kind, tabindex: "-1" },
          html("td", {}, String(number)),
          html("th", { scope: "row" }, html("b", {}, label), count > 1 ? ` × ${count}` : "", ` ${shape}`),
          html("td", {}, init),
          html("td", {}, follows),
          html("td", {}, level),
          html("td", {}, codes.join(" ")),
        ),
      ),
    ),
  );
}
