// Asking with a picture: chosen, dropped on the bar, or pasted. It is made small here, so that little is sent.
"use strict";
(() => {
  const SIDE = 448;
  let form = null;
  const able = () => {
    const option = form.elements.model.selectedOptions[0], known = JSON.parse(form.querySelector(".picture").dataset.able);
    return known.some(([model, index]) => model === option?.value && (!option.dataset.index || option.dataset.index === index));
  };
  const show = () => { form.querySelector(".picture").hidden = !able(); };
  RAL.on("front", ({ element }) => {
    form = element.querySelector("form");
    form.elements.model.addEventListener("change", show);
    form.elements.picture.addEventListener("change", (event) => { if (event.target.files[0]) send(event.target.files[0]); event.target.value = ""; });
    form.addEventListener("dragover", (event) => event.preventDefault());
    form.addEventListener("drop", (event) => { event.preventDefault(); take(event.dataTransfer); });
    form.addEventListener("paste", (event) => { if (event.clipboardData?.files.length) { event.preventDefault(); take(event.clipboardData); } });
    show();
  });
  RAL.changed(() => { if (form) show(); });

  const take = (data) => { const file = [...data.files].find((one) => one.type.startsWith("image/")); if (file) send(file); };
  const send = async (file) => {
    if (!able()) { RAL.say("This index can be asked in words only; one of an image-text encoder takes pictures, too.", 7000); return; }
    try {
      const picture = await createImageBitmap(file), scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.max(1, Math.round(scale * picture.width));
      canvas.height = Math.max(1, Math.round(scale * picture.height));
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      form.elements.q.value = "";
      RAL.ask({ q: "", picture: canvas.toDataURL("image/jpeg", 0.9) });
    } catch { RAL.say("This file cannot be read as a picture."); }
  };
})();
