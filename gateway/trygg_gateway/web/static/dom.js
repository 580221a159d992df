// Building and keeping the page's elements. Text enters only as textContent, so a name is never markup.

/** An element: `el("p", { class: "x", data: { key: 1 } }, "text", child)`. */
export function el(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name === "class") node.className = value;
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

export const byId = (id) => document.getElementById(id);

/** Set the text only when it differs, so that screen readers and selections are left in peace. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Show a node with this text, or hide it when there is none. */
export function sayOrHide(node, text) {
  node.hidden = !text;
  say(node, text ?? "");
}

/** Make the list's children fit the items, by key: kept where they exist, made, moved, removed. */
export function fit(list, items, keyOf, make, show) {
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  const old = new Map([...list.children].map((node) => [node.dataset.key, node]));
  let place = list.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    const node = old.get(key) ?? make(item);
    old.delete(key);
    node.dataset.key = key;
    show(node, item);
    if (node === place) place = place.nextElementSibling;
    else list.insertBefore(node, place);
  }
  for (const node of old.values()) node.remove();
  if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
}
