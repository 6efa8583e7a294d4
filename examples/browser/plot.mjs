// A square of numbers as an image, in the colours that the style sheet names for the scheme in use.

const levels = 256

/** @returns [256, 4] bytes, from the colour of 0 to that of the largest */
function palette() {
  const colours = getComputedStyle(document.documentElement).getPropertyValue('--plot').split(',')
  const context = contextOf(Object.assign(document.createElement('canvas'), { width: levels, height: 1 }))
  const gradient = context.createLinearGradient(0, 0, levels, 0)
  colours.forEach((colour, index) => gradient.addColorStop(index / (colours.length - 1), colour.trim()))
  context.fillStyle = gradient
  context.fillRect(0, 0, levels, 1)
  return context.getImageData(0, 0, levels, 1).data
}

/**
 * @param values [size, size], row by row
 * @param largest what has the last colour, and all above it
 */
export function plot(canvas, values, size, largest) {
  const colours = palette()
  Object.assign(canvas, { width: size, height: size })
  const image = new ImageData(size, size)
  values.forEach((value, index) => {
    const share = Math.min(1, Math.max(0, value / largest))
    const level = Math.round(share * (levels - 1)) * 4
    image.data.set(colours.subarray(level, level + 4), index * 4)
  })
  contextOf(canvas).putImageData(image, 0, 0)
}

/** The scale beside the plots, in equal steps of weight. */
export function plotScale(canvas) {
  const colours = palette()
  const image = new ImageData(canvas.width, 1)
  for (let x = 0; x < canvas.width; x++) {
    const level = Math.round((x / (canvas.width - 1)) * (levels - 1)) * 4
    image.data.set(colours.subarray(level, level + 4), x * 4)
  }
  contextOf(canvas).putImageData(image, 0, 0)
}

const contextOf = (canvas) => canvas.getContext('2d')
