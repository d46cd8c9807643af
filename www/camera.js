// The camera, once a visitor has opened it. Whatever ends the visit lets go of it.

/** Sentences for what browsers throw, by its name. */
const WHY = {
  NotAllowedError: "This page may not use the camera. Allow it in the browser's settings for this page, then open the camera again; or choose a file.",
  SecurityError: "This page may not use the camera: the page or the frame around it forbids it. Choose a file instead.",
  NotFoundError: "No camera was found. Connect one and open it again, or choose a file.",
  NotReadableError: "The camera does not answer: another program may be using it. Close that program and open the camera again.",
  OverconstrainedError: "The camera has no picture of this size. Choose a file instead.",
};

let stream;
const video = () => document.getElementById("camera-video");

/** Shows the camera's picture. `ended` is told, if the camera goes away by itself. */
export async function open(ended) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Error("Browsers give a page the camera over https alone, or on this machine. Choose a file instead.");
  }
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: "environment", width: { ideal: 1280 } } });
  } catch (error) {
    throw new Error(WHY[error?.name] ?? `The camera could not be opened (${error?.message ?? error}). Choose a file instead.`);
  }
  const own = stream;
  for (const track of own.getTracks()) {
    track.onended = () => {
      if (own === stream) ended("The camera has gone away. Open it again, or choose a file.");
    };
  }
  addEventListener("pagehide", close);
  video().srcObject = own;
  await video().play();
}

/** The picture that is seen now, as a JPEG file. */
export async function shoot() {
  const { videoWidth: width, videoHeight: height } = video();
  if (!stream || !width) throw new Error("The camera shows no picture yet. Wait a moment and try again.");
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  canvas.getContext("2d").drawImage(video(), 0, 0);
  const file = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
  if (!file) throw new Error("The browser could not keep this picture. Try again.");
  return new Uint8Array(await file.arrayBuffer());
}

/** Lets go of the camera. */
export function close() {
  const old = stream;
  stream = undefined;
  old?.getTracks().forEach((track) => track.stop());
  if (video()) video().srcObject = null;
}
