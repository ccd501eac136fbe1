// Keys and the slider of the art queue, and forms that are sent once. No handler stands in a page: the policy forbids it.
(() => {
  "use strict";

  const typing = (element) => element && element.matches("input:not([type=range]), textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(document.activeElement)) return;
    if (document.querySelector("[popover]:popover-open")) return;
    const target = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!target || target.disabled) return;
    event.preventDefault();
    target.click();
  });

  document.addEventListener("input", (event) => {
    const range = event.target.closest("[data-cut]");
    if (range) document.querySelector(range.dataset.cut).style.setProperty("--cut", `${range.value}%`);
    const sides = event.target.closest(".st-sides");
    if (sides) showPart(sides.closest("form"));
  });

  // A part of the photo is marked by drawing a box; the fields say the same in percent, and may be typed in.
  const showPart = (form) => {
    const [left, top, right, bottom] = ["left", "top", "right", "bottom"].map((side) => Number(form.elements[side].value));
    const box = form.querySelector("[data-part] i");
    box.hidden = right <= left || bottom <= top;
    box.style.inset = `${top}% ${100 - right}% ${100 - bottom}% ${left}%`;
  };

  document.addEventListener("pointerdown", (event) => {
    const photo = event.target.closest("[data-part]");
    if (!photo) return;
    const form = photo.closest("form");
    const frame = photo.getBoundingClientRect();
    const percent = (place, from, extent) => Math.round(1000 * Math.min(1, Math.max(0, (place - from) / extent))) / 10;
    const at = ({ clientX, clientY }) => [percent(clientX, frame.left, frame.width), percent(clientY, frame.top, frame.height)];
    const [x, y] = at(event);
    const draw = (move) => {
      const [toX, toY] = at(move);
      [form.elements.left.value, form.elements.right.value] = [Math.min(x, toX), Math.max(x, toX)];
      [form.elements.top.value, form.elements.bottom.value] = [Math.min(y, toY), Math.max(y, toY)];
      showPart(form);
    };
    photo.setPointerCapture(event.pointerId);
    photo.addEventListener("pointermove", draw);
    photo.addEventListener("lostpointercapture", () => photo.removeEventListener("pointermove", draw), { once: true });
  });

  document.addEventListener("click", (event) => {
    const ground = event.target.closest("[data-ground]");
    if (ground) {
      document.querySelector("#art").style.setProperty("--ground", ground.dataset.ground);
      for (const other of document.querySelectorAll("[data-ground]")) other.setAttribute("aria-pressed", other === ground);
    }
    const words = event.target.closest("[data-words]");
    if (words) {
      const field = document.querySelector(words.dataset.into);
      field.value = words.dataset.words;
      field.focus();
    }
  });

  // The first field of a panel that opens gets the focus.
  document.addEventListener("toggle", (event) => {
    if (event.newState !== "open" || !event.target.matches("[popover]")) return;
    const field = event.target.querySelector("textarea, select, input:not([type=hidden])");
    if (field) field.focus();
  }, true);

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-once]");
    if (!form) return;
    for (const button of form.querySelectorAll("button")) setTimeout(() => { button.disabled = true; }, 0);
  });
})();
