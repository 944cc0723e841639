// Reads the page with a voice of the device, never one over the network: what
// is on the page is somebody's business.
export function readAloud(root: ParentNode): void {
  const buttons = root.querySelectorAll<HTMLButtonElement>("[data-read-aloud]");
  const main = document.querySelector("main");
  if (!buttons.length || !main || !("speechSynthesis" in window)) return;
  const speech = window.speechSynthesis;
  const lang = document.documentElement.lang;
  const voice = (): SpeechSynthesisVoice | undefined => speech.getVoices().find((v) => v.localService && v.lang.startsWith(lang));

  for (const button of buttons) {
    const words = button.querySelector("span");
    const start = words?.textContent ?? "";
    const show = (): void => { button.hidden = voice() === undefined; };
    show();
    speech.addEventListener("voiceschanged", show);
    button.addEventListener("click", () => {
      if (speech.speaking) {
        speech.cancel();
        return;
      }
      for (const block of main.querySelectorAll("h1, h2, h3, p, li, dt, dd, label, legend")) {
        if (block.querySelector("p, li, dt, dd") || block.closest("[hidden], .ds-sr-only")) continue;
        const sentence = new SpeechSynthesisUtterance(block.textContent?.trim() ?? "");
        sentence.lang = lang;
        sentence.voice = voice() ?? null;
        sentence.rate = 0.9;
        sentence.onend = () => { if (words && !speech.pending) words.textContent = start; };
        speech.speak(sentence);
      }
      if (words) words.textContent = button.dataset.stop ?? start;
    });
  }
  window.addEventListener("pagehide", () => speech.cancel());
}
