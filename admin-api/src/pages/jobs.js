// Shows how far a job is, as the service tells it. Without this the page shows how far it was when it was loaded.
"use strict";

const progress = document.querySelector("[data-events]");
if (progress) {
  const show = (name, text) => {
    const place = document.querySelector(`[data-show="${name}"]`);
    if (place && place.textContent !== text) place.textContent = text;
  };
  const events = new EventSource(progress.dataset.events);
  events.addEventListener("job", (event) => {
    const job = JSON.parse(event.data);
    progress.value = job.progress;
    show("progress", `${Math.round(100 * job.progress)} %`);
    show("state", job.state);
    show("phase", job.phase ?? "");
    if (job.finished_at) {
      events.close();
      // What came of it is for the server to write.
      location.reload();
    }
  });
}
