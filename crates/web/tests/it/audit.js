// What a page keeps from somebody: each function gives a list of complaints, an empty one is good.
window.audit = (() => {
  const PHONE = 390;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const INTERACTIVE = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
  const isShown = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const say = (e) => `<${e.tagName.toLowerCase()}${e.id ? " #" + e.id : ""} ${e.getAttribute("class") ?? ""}> ${(e.textContent || e.getAttribute("aria-label") || "").trim().slice(0, 40)}`;
  const up = function* (e) { for (let at = e; at; at = at.parentElement) yield at; };

  // Colours: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g)?.map(Number) ?? [];
    if (!text.startsWith("rgb")) throw new Error(`a colour that is not read: ${text}`);
    return { r, g, b, a };
  };
  const over = (top, under) => {
    const mix = (name) => top[name] * top.a + under[name] * (1 - top.a);
    return { r: mix("r"), g: mix("g"), b: mix("b"), a: 1 };
  };
  const luminance = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ratio = (a, b) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };
  const backdrop = (e) => {
    const node = e.closest("svg .node rect, svg .node");
    const layers = node ? [parse(getComputedStyle(node.querySelector("rect")).fill)] : [];
    for (const at of up(e)) layers.push(parse(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), { r: 255, g: 255, b: 255, a: 1 });
  };
  const opacity = (e) => [...up(e)].reduce((product, at) => product * getComputedStyle(at).opacity, 1);
  const ink = (e, pseudo) => {
    const style = getComputedStyle(e, pseudo);
    const colour = parse(e.closest("svg") ? style.fill : style.color);
    colour.a *= opacity(e) * (pseudo ? style.opacity : 1);
    return over(colour, backdrop(e));
  };
  const needed = (e) => {
    const { fontSize, fontWeight } = getComputedStyle(e);
    const size = parseFloat(fontSize);
    return size >= 24 || (size >= 18.66 && fontWeight >= 700) ? 3 : 4.5;
  };
  const contrast = () => {
    const found = new Set();
    const check = (e, a, b, wanted, what) => {
      const is = ratio(a, b);
      if (is < wanted) found.add(`${is.toFixed(2)} of ${wanted} ${what} ${say(e)}`);
    };
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const e = texts.currentNode.parentElement;
      if (!texts.currentNode.data.trim() || !isShown(e) || e.closest("script, noscript")) continue;
      if (parseFloat(getComputedStyle(e).fontSize)) check(e, ink(e), backdrop(e), needed(e), "text");
    }
    for (const e of all("input:not([type=hidden])").filter(isShown)) {
      const [around, border] = [backdrop(e.parentElement), parse(getComputedStyle(e).borderTopColor)];
      if (e.type !== "checkbox") check(e, border, around, 3, "border");
      if (e.placeholder) check(e, ink(e, "::placeholder"), backdrop(e), 4.5, "placeholder");
    }
    return [...found];
  };

  const scrolls = (e) => ["auto", "scroll"].includes(getComputedStyle(e).overflowX);
  const overflow = () => {
    const found = all("body *").filter((e) => {
      const { left, right, width } = e.getBoundingClientRect();
      if (!width || !isShown(e) || (left >= -1 && right <= PHONE + 1) || e.closest(".sr, .skip")) return false;
      return ![...up(e.parentElement)].some((at) => scrolls(at) || getComputedStyle(at).overflowX === "hidden");
    });
    const wide = document.documentElement.scrollWidth;
    return [...found.map((e) => `sticks out: ${say(e)}`), ...(wide > PHONE ? [`the page is ${wide} pixels wide`] : [])];
  };

  // Fingers: https://www.w3.org/TR/WCAG22/#target-size-minimum, with its exceptions for room around and for sentences.
  const isInSentence = (e) => {
    const beside = [...e.parentElement.childNodes].filter((node) => node !== e);
    return getComputedStyle(e).display === "inline" && beside.some((node) => node.nodeType === 3 && /\w/.test(node.data));
  };
  const targets = () => {
    const boxes = all(INTERACTIVE).filter((e) => isShown(e) && e.tabIndex >= 0 && !e.closest(".skip")).map((e) => {
      const { left, right, top, bottom, width, height } = e.getBoundingClientRect();
      return { e, left, right, top, bottom, x: (left + right) / 2, y: (top + bottom) / 2, small: Math.min(width, height) < 24 };
    });
    const far = (a, b) => {
      if (b.small && Math.hypot(a.x - b.x, a.y - b.y) < 24) return false;
      const [dx, dy] = [Math.max(b.left - a.x, 0, a.x - b.right), Math.max(b.top - a.y, 0, a.y - b.bottom)];
      return Math.hypot(dx, dy) >= 12;
    };
    const apart = (a, b) => a.e === b.e || b.e.contains(a.e) || a.e.contains(b.e) || far(a, b);
    const bad = boxes.filter((a) => a.small && !isInSentence(a.e) && !boxes.every((b) => apart(a, b)));
    return bad.map(({ e }) => `too small to hit: ${say(e)}`);
  };

  const structure = () => {
    const found = [];
    const want = (good, complaint) => { if (!good) found.push(complaint); };
    want(document.documentElement.lang === "en", "no language");
    want(all("main").length === 1 && all("h1").length === 1, "one main and one h1");
    let level = 0;
    for (const heading of all("h1, h2, h3, h4")) {
      const next = Number(heading.tagName[1]);
      want(next <= level + 1, `a level is left out before ${say(heading)}`);
      level = next;
    }
    const ids = all("[id]").map((e) => e.id);
    want(new Set(ids).size === ids.length, `ids twice: ${ids.filter((id, at) => ids.indexOf(id) !== at)}`);
    for (const name of ["for", "aria-describedby", "aria-labelledby", "aria-controls"])
      for (const e of all(`[${name}]`)) for (const id of e.getAttribute(name).split(" ")) want(document.getElementById(id), `${name}=${id} names nothing`);
    for (const e of all("[tabindex]")) want(e.tabIndex <= 0, `an order of its own: ${say(e)}`);
    return found;
  };

  // What Tab is to come to, in the order of the page.
  const stops = () => all(INTERACTIVE).filter((e) => e.tabIndex >= 0 && (isShown(e) || e.matches(".skip")));
  const isCut = (e) => {
    const [box, edge] = [e.getBoundingClientRect(), parseFloat(getComputedStyle(e).outlineOffset) + 2];
    return [...up(e.parentElement)].some((at) => {
      if (at === document.body || at === document.documentElement || getComputedStyle(at).overflowX === "visible") return false;
      const frame = at.getBoundingClientRect();
      return box.left - edge < frame.left - 1 || box.top - edge < frame.top - 1 || box.bottom + edge > frame.bottom + 1;
    });
  };
  // The element that has the focus: its place among the stops, none behind the last one, and what is wrong with it.
  const focused = () => {
    const e = document.activeElement;
    if (!e || e === document.body) return null;
    const style = getComputedStyle(e), box = e.getBoundingClientRect(), complaints = [];
    const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    if (!outline) complaints.push("no outline");
    else if (ratio(over(parse(style.outlineColor), backdrop(e.parentElement)), backdrop(e.parentElement)) < 3) complaints.push("a faint outline");
    if (outline && isCut(e)) complaints.push("an outline that is cut off");
    const [line] = e.getClientRects();
    const [x, y] = [Math.min((line.left + line.right) / 2, innerWidth - 2), Math.min(line.top + Math.min(line.height / 2, 12), innerHeight - 2)];
    const there = document.elementFromPoint(x, y);
    if (!there || !(e.contains(there) || there.contains(e))) complaints.push("it is out of sight");
    return { at: stops().indexOf(e), is: say(e), complaints };
  };
  const open = (selector) => { for (const details of all(`${selector}:not([open])`)) details.open = true; return []; };
  return { open, contrast, overflow, targets, structure, focused, stops: () => stops().map(say) };
})();
