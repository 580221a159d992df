// Who sits at this console: asked once, kept until the tab is closed.

const KEY = "trygg-operator";

export const name = () => sessionStorage.getItem(KEY) ?? "";
export const setName = (text) => sessionStorage.setItem(KEY, text);

/** The header by which the gateway's log of reads knows who looked. */
export const header = () => (name() ? { "x-trygg-operator": encodeURIComponent(name()) } : {});
