// Colours, heatmaps and bars on canvases.

function rgb(colour) {
  const context = element("canvas").getContext("2d", { willReadFrequently: true });
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

// One colour per byte, from the theme's background to one hue. Small weights get more of the
// steps than large ones, for the eye; the scale itself never changes.
function colourScale(stops) {
  const colours = new Uint32Array(256);
  const view = new DataView(colours.buffer);
  for (let level = 0; level < 256; level++) {
    const place = (level / 255) ** 0.6 * (stops.length - 1);
    const below = Math.min(Math.floor(place), stops.length - 2);
    stops[below].forEach((from, channel) => {
      const to = stops[below + 1][channel];
      view.setUint8(level * 4 + channel, Math.round(from + (to - from) * (place - below)));
    });
    view.setUint8(level * 4 + 3, 255);
  }
  return colours;
}

// Masked cells stay transparent: the hatching behind the canvas shows. Where there are more cells
// than pixels, a pixel shows the strongest of its cells, so that a thin stripe is not lost.
function drawWeights(canvas, message, head, colours, size) {
  const { T, weights } = message;
  canvas.width = canvas.height = size;
  const strongest = new Uint16Array(size * size); // 1 + weight; 0 is masked
  let at = headStart(message, head);
  for (let row = 0; row < T; row++) {
    const line = Math.floor((row * size) / T) * size;
    const last = lastColumn(message, row);
    for (let column = 0; column <= last; column++, at++) {
      const pixel = line + (size === T ? column : Math.floor((column * size) / T));
      if (weights[at] >= strongest[pixel]) strongest[pixel] = weights[at] + 1;
    }
  }
  const image = new ImageData(size, size);
  const pixels = new Uint32Array(image.data.buffer);
  strongest.forEach((level, i) => (pixels[i] = level && colours[level - 1]));
  canvas.getContext("2d").putImageData(image, 0, 0);
}

const largestOf = (numbers) => numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

// Numbers as bars, signed ones around a middle line. If one is marked, the others are faint.
const NOTHING = -1;
function drawBars(canvas, values, largest, colour, { signed = true, marked, faint }) {
  const ratio = devicePixelRatio;
  const width = (canvas.width = Math.max(1, Math.round(canvas.clientWidth * ratio)));
  const height = (canvas.height = Math.max(1, Math.round(canvas.clientHeight * ratio)));
  const context = canvas.getContext("2d");
  const zero = signed ? height / 2 : height;
  const step = Math.min(width / values.length, 14 * ratio);
  const bar = step > 3 ? step - 1 : step;
  values.forEach((value, i) => {
    const size = (value / (largest || 1)) * zero;
    context.fillStyle = marked === undefined || i === marked ? colour : faint;
    context.fillRect(i * step, zero - Math.max(size, 0), bar, Math.max(Math.abs(size), ratio / 2));
  });
  context.fillStyle = faint;
  context.fillRect(0, Math.min(zero, height - 1), step * values.length, 1);
}
