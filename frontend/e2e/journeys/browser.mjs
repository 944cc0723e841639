// The one browser of a run. It can reach this machine only: every other name
// leads nowhere, and a request to one is a fault besides (UI-02).
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const places = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export function openBrowser() {
  const executablePath = places.find((p) => p && existsSync(p));
  if (!executablePath) throw new Error("Chromium is not installed: run `make setup`");
  return chromium.launch({
    executablePath,
    chromiumSandbox: false, // the tests run as root in CI
    args: [
      "--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--disable-component-update",
      "--disable-domain-reliability", "--no-pings", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost",
    ],
  });
}

export const locales = { fr: "fr-FR", en: "en-GB", es: "es-ES" };

// ours are the addresses a page may ask for.
export function isOurs(address) {
  const url = new URL(address);
  return url.protocol === "data:" || url.protocol === "blob:" || url.protocol === "about:" || url.hostname === "localhost";
}
