// The page's side of DrawingPad (pad.py): it records strokes, draws them, and shows what Python
// makes of them. All state that matters is in the synchronised traits; a view holds only the stroke
// that is being drawn.

const INK = "#1b1b1f";
const PAPER = "#ffffff";
const SEEN = 28; // pixels of the prepared image, each way
const LIVE_EVERY = 80; // ms between two questions while the pen is down
const PATIENCE = 1000; // ms without an answer after which the pad says that it waits
const WAITING =
  "Waiting for Python: another cell may be running. After a restart, run this cell again.";
const MAX_POINTS = 20000; // as in pad.py

const element = (tag, properties = {}, ...children) => {
  const { attributes = {}, ...rest } = properties;
  const node = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
};

const percent = (p) => {
  if (p > 0.99 && p < 1) return "> 99 %";
  if (p < 0.01) return "< 1 %";
  return `${Math.round(100 * p)} %`;
};

const spokenPercent = (p) =>
  percent(p).replace("> ", "over ").replace("< ", "under ").replace(" %", " percent");

const plural = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

/** What a reply says, in a sentence. */
function inWords({ state, top, message }) {
  if (state === "empty") return "Nothing is drawn.";
  if (state === "error") return message;
  if (state === "seen") return "The image is prepared.";
  const [first, ...others] = top.map(([label, p]) => `${label}, ${spokenPercent(p)}`);
  return `Read as ${first}.` + (others.length ? ` Then ${others.join("; ")}.` : "");
}

/** The parts of one pad, built once; returned by name. */
function build(size) {
  const canvas = element("canvas", { className: "ink-pad-canvas", attributes: { role: "img" } });
  const hint = element("p", {
    className: "ink-pad-hint",
    textContent: "Draw a digit here",
    attributes: { "aria-hidden": "true" },
  });
  const undo = element("button", { type: "button", className: "ink-pad-undo" }, "Undo");
  undo.title = "Remove the last stroke";
  const clear = element("button", { type: "button", className: "ink-pad-clear" }, "Clear");
  clear.title = "Remove the whole drawing";
  const width = element("input", { type: "range", className: "ink-pad-width" });
  const pen = element("label", { className: "ink-pad-pen" }, element("span", {}, "Pen width"), width);
  const seen = element("canvas", {
    className: "ink-pad-seen",
    width: SEEN,
    height: SEEN,
    attributes: { role: "img" },
  });
  const heading = element("h4");
  const top = element("ol", { className: "ink-pad-top", attributes: { role: "list" } });
  const note = element("p", { className: "ink-pad-note" });
  const spoken = element("p", {
    className: "ink-pad-spoken",
    attributes: { role: "status", "aria-live": "polite" },
  });
  const right = element(
    "div",
    { className: "ink-pad-right", attributes: { "aria-busy": "false" } },
    element(
      "section",
      { attributes: { "aria-label": "Prepared image" } },
      heading,
      seen,
    ),
    element(
      "section",
      { className: "ink-pad-reading", attributes: { "aria-label": "Verdict" } },
      element("h4", {}, "What it reads"),
      top,
    ),
    note,
  );
  const root = element(
    "div",
    {
      className: "ink-pad",
      attributes: { role: "group", "aria-label": "Drawing pad" },
    },
    element(
      "div",
      { className: "ink-pad-left" },
      element("div", { className: "ink-pad-paper" }, canvas, hint),
      element("div", { className: "ink-pad-tools" }, undo, clear, pen),
    ),
    right,
    spoken,
  );
  root.style.setProperty("--ink-pad-size", `${size}px`);
  // The notebook's shortcuts would take the arrow keys from the slider.
  for (const control of [undo, clear, width]) control.dataset.lmSuppressShortcuts = "true";
  return { root, right, canvas, hint, undo, clear, width, heading, seen, top, note, spoken };
}

/** Draw strokes on a context whose unit is a canvas pixel of Python's. */
function drawStroke(context, points, width) {
  context.lineWidth = width;
  context.beginPath();
  context.moveTo(...points[0]);
  for (const point of points) context.lineTo(...point); // one point alone becomes a dot
  context.stroke();
}

function drawSeen(canvas, bytes) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(SEEN, SEEN);
  for (let i = 0; i < SEEN * SEEN; i++) {
    const ink = bytes && bytes.byteLength ? bytes.getUint8(i) : 0;
    image.data.set([255 - ink, 255 - ink, 255 - ink, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
}

function drawTop(list, top) {
  list.replaceChildren(
    ...top.map(([label, p]) => {
      const bar = element("span", { className: "ink-pad-bar" });
      bar.style.setProperty("--share", `${Math.max(100 * p, 0.5)}%`);
      return element(
        "li",
        {},
        element("span", { className: "ink-pad-label" }, label),
        element("span", { className: "ink-pad-track", attributes: { "aria-hidden": "true" } }, bar),
        element("span", { className: "ink-pad-percent" }, percent(p)),
      );
    }),
  );
}

function render({ model, el }) {
  const size = model.get("size");
  const parts = build(size);
  const { canvas } = parts;
  const context = canvas.getContext("2d");
  let pen = null; // while a stroke is drawn: {id: its pointer, before: older strokes, points}
  let own = false; // whether a change of the strokes comes from this view
  let asked = 0; // the question whose answer is awaited; 0 for none
  let liveTimer = null;
  let waitTimer = null;

  // -- showing -----------------------------------------------------------------------------------

  const drawing = () => (pen ? [...pen.before, pen.points] : model.get("strokes"));

  function redraw() {
    const ratio = Math.max(window.devicePixelRatio || 1, 1);
    canvas.width = canvas.height = Math.round(size * ratio); // this blanks it, too
    context.fillStyle = PAPER;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.setTransform(canvas.width / size, 0, 0, canvas.height / size, 0, 0);
    context.strokeStyle = INK;
    context.lineCap = context.lineJoin = "round";
    for (const stroke of drawing()) drawStroke(context, stroke, model.get("stroke_width"));
    describe();
  }

  function describe() {
    const n = drawing().length;
    const { state, top } = model.get("_reply");
    const verdict = state === "read" ? ` It is read as ${top[0][0]}.` : "";
    canvas.setAttribute(
      "aria-label",
      n === 0
        ? "Drawing area, empty. Draw with mouse, finger or pen."
        : `Your drawing: ${plural(n, "stroke")}.${verdict}`,
    );
    parts.hint.hidden = n > 0;
    for (const button of [parts.undo, parts.clear]) {
      button.setAttribute("aria-disabled", String(n === 0)); // stays in reach of the keyboard
    }
  }

  function showReply() {
    const reply = model.get("_reply");
    const late = reply.answers < asked && waitTimer === null;
    if (asked && reply.answers >= asked) stopWaiting();
    drawSeen(parts.seen, model.get("_prepared"));
    drawTop(parts.top, reply.top);
    parts.heading.textContent = reply.reader
      ? `What the ${reply.reader} sees`
      : `As ${SEEN} × ${SEEN} pixels`;
    const viewer = reply.reader ? `, as the ${reply.reader} sees it` : "";
    parts.seen.setAttribute(
      "aria-label",
      model.get("_prepared").byteLength
        ? `Your drawing as ${SEEN} by ${SEEN} pixels${viewer}.`
        : "No image yet.",
    );
    parts.root.dataset.state = late ? "waiting" : reply.state;
    parts.note.textContent = late ? WAITING : reply.message;
    if (!pen) parts.spoken.textContent = late ? WAITING : inWords(reply);
    parts.right.setAttribute("aria-busy", String(Boolean(pen || asked)));
    describe();
  }

  function showWidth() {
    const [low, high] = model.get("_width_range");
    Object.assign(parts.width, { min: low, max: high, step: size / 280 });
    parts.width.value = model.get("stroke_width");
    parts.width.setAttribute("aria-valuetext", `${Math.round(parts.width.value)} pixels`);
  }

  // -- asking Python -----------------------------------------------------------------------------

  function stopWaiting() {
    clearTimeout(waitTimer);
    waitTimer = null;
    asked = 0;
  }

  /** Give Python the strokes. While the pen is down, its stroke so far is the last of them. */
  function send(strokes) {
    clearTimeout(liveTimer);
    liveTimer = null;
    const question = model.get("_asked") + 1;
    own = true;
    model.set("strokes", strokes);
    model.set("_asked", question);
    own = false;
    model.save_changes();
    if (pen) return;
    stopWaiting();
    asked = question;
    parts.right.setAttribute("aria-busy", "true");
    waitTimer = setTimeout(() => {
      waitTimer = null;
      showReply();
    }, PATIENCE);
  }

  function sendLive() {
    liveTimer = null;
    if (pen) send([...pen.before, pen.points.slice()]);
  }

  // -- the pen -----------------------------------------------------------------------------------

  /** Where an event is, in canvas pixels to a tenth; beyond the edge, on the edge. */
  function place(event) {
    const box = canvas.getBoundingClientRect();
    const onCanvas = (at, from, extent) =>
      Math.round(10 * Math.min(Math.max(((at - from) * size) / extent, 0), size)) / 10;
    return [
      onCanvas(event.clientX, box.left, box.width),
      onCanvas(event.clientY, box.top, box.height),
    ];
  }

  function extend(event) {
    const passed = event.getCoalescedEvents?.() ?? [];
    const start = pen.points.length;
    for (const each of passed.length ? passed : [event]) {
      const point = place(each);
      const [x, y] = pen.points.at(-1);
      const step = Math.hypot(point[0] - x, point[1] - y);
      if (step >= size / 280 && pen.room > 0) {
        pen.points.push(point);
        pen.room -= 1;
      }
    }
    if (pen.points.length === start) return;
    drawStroke(context, pen.points.slice(start - 1), model.get("stroke_width"));
    liveTimer ??= setTimeout(sendLive, LIVE_EVERY);
  }

  function down(event) {
    if (pen || event.button !== 0) return; // a second finger, another button
    event.preventDefault();
    redraw(); // the page's zoom may have changed
    const before = model.get("strokes");
    const room = MAX_POINTS - 1 - before.reduce((sum, stroke) => sum + stroke.length, 0);
    if (room < 0) return;
    pen = { id: event.pointerId, before, points: [place(event)], room };
    try {
      canvas.setPointerCapture(event.pointerId); // the stroke goes on beyond the edge
    } catch {
      // A pointer that is gone already: the stroke ends at the edge.
    }
    drawStroke(context, pen.points, model.get("stroke_width"));
    parts.right.setAttribute("aria-busy", "true");
    describe();
  }

  function move(event) {
    if (pen?.id !== event.pointerId) return;
    event.preventDefault();
    extend(event);
  }

  function up(event) {
    if (pen?.id !== event.pointerId) return;
    if (event.type === "pointerup") extend(event);
    const strokes = event.type === "pointercancel" ? pen.before : drawing();
    pen = null;
    send(strokes);
    redraw();
  }

  function change(strokes) {
    if (pen || drawing().length === 0) return;
    send(strokes);
    redraw();
  }

  // -- what happens when -------------------------------------------------------------------------

  const listeners = new AbortController();
  const on = (target, type, act) =>
    target.addEventListener(type, act, { signal: listeners.signal });
  on(canvas, "pointerdown", down);
  on(canvas, "pointermove", move);
  for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) on(canvas, type, up);
  on(canvas, "contextmenu", (event) => event.preventDefault()); // a long touch
  on(parts.undo, "click", () => change(drawing().slice(0, -1)));
  on(parts.clear, "click", () => change([]));
  on(parts.width, "input", () => {
    model.set("stroke_width", Number(parts.width.value));
    model.save_changes();
  });
  on(window, "resize", redraw);

  const traits = {
    "change:strokes": () => {
      if (own) return;
      pen = null;
      redraw();
    },
    "change:stroke_width": () => {
      showWidth();
      redraw();
    },
    "change:_reply": showReply,
  };
  for (const [event, act] of Object.entries(traits)) model.on(event, act);

  el.append(parts.root);
  showWidth();
  redraw();
  showReply();

  return () => {
    listeners.abort();
    clearTimeout(liveTimer);
    clearTimeout(waitTimer);
    for (const [event, act] of Object.entries(traits)) model.off(event, act);
  };
}

export default { render };
