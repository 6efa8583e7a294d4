// Generated from prelude.attn by scripts/embed-prelude.mjs; edit that file and run `npm run build`.
export const preludeSource: string = `










def unit(x) = x / sqrt(dot(x, x) + 1e-6)
def rms(x) = x / sqrt(mean(x * x) + 1e-6)
def layer(x) = (x - mean(x)) / sqrt(mean((x - mean(x))^2) + 1e-6)




feature favor(x, w) = exp(dot(w, x) - dot(x, x) / 2)




feature favor_hyperbolic(x, w) = [
  exp(dot(w, x) - dot(x, x) / 2) / sqrt(2),
  exp(-dot(w, x) - dot(x, x) / 2) / sqrt(2)
]




feature favor_trigonometric(x, w) = [
  exp(dot(x, x) / 2) * cos(dot(w, x)),
  exp(dot(x, x) / 2) * sin(dot(w, x))
]



feature gaussian_fourier(x, w) = [cos(dot(w, x)), sin(dot(w, x))]



feature relu_features(x, w) = relu(dot(w, x)) + 1e-3


feature elu1(x) = elu(x) + 1



feature relu1(x) = relu(x) + 1e-3




feature identity(x) = x





feature taylor2(x) = [1, x, outer(x, x) / sqrt(2)]




feature cosformer(x) = [
  relu(x) * cos(pi * position / (2 * length)),
  relu(x) * sin(pi * position / (2 * length))
]
`
