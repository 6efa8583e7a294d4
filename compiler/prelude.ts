// Generated from prelude.attn by scripts/embed-prelude.mjs; edit that file and run `npm run build`.
export const preludeSource: string = `# The standard features and functions. Every file sees them, and any file may declare its own
# under the same name. They are ordinary declarations: the compiler knows none of
# them, and a feature of yours is compiled in the same way.
#
# \`x\` is a query or a key, already multiplied by the square root of the
# attention's scale; \`w\` is one row of the projection matrix, normally
# distributed. A projected feature also carries 1 / sqrt(projections).

# Rows of unit length, of unit root mean square (Zhang and Sennrich, 2019), and
# of mean 0 and unit variance (Ba, Kiros and Hinton, 2016), as layers prepare
# them. A function is written out where it is called.
def unit(x) = x / sqrt(dot(x, x) + 1e-6)
def rms(x) = x / sqrt(mean(x * x) + 1e-6)
def layer(x) = (x - mean(x)) / sqrt(mean((x - mean(x))^2) + 1e-6)

# FAVOR+, positive random features. Estimates exp(dot(q, k)) without bias, and
# its variance vanishes where the kernel does.
# Choromanski et al., Rethinking Attention with Performers, ICLR 2021, Lemma 1.
feature favor(x, w) = exp(dot(w, x) - dot(x, x) / 2)

# The same with both signs of each projection: twice the features from one
# product, and less variance than twice the projections give.
# Choromanski et al. 2021, Lemma 1, the hyperbolic form.
feature favor_hyperbolic(x, w) = [
  exp(dot(w, x) - dot(x, x) / 2) / sqrt(2),
  exp(-dot(w, x) - dot(x, x) / 2) / sqrt(2)
]

# The trigonometric estimator that FAVOR+ replaced: unbiased too, but it may be
# negative, and it is worst where the kernel is small.
# Choromanski et al. 2021, section 2.3.
feature favor_trigonometric(x, w) = [
  exp(dot(x, x) / 2) * cos(dot(w, x)),
  exp(dot(x, x) / 2) * sin(dot(w, x))
]

# Random Fourier features. Estimates the Gaussian kernel exp(-norm(q - k)^2 / 2).
# Rahimi and Recht, Random Features for Large-Scale Kernel Machines, NIPS 2007.
feature gaussian_fourier(x, w) = [cos(dot(w, x)), sin(dot(w, x))]

# Generalised attention with ReLU. The constant keeps every score positive.
# Choromanski et al. 2021, section 2.2.
feature relu_features(x, w) = relu(dot(w, x)) + 1e-3

# Katharopoulos et al., Transformers are RNNs, ICML 2020, equation 7.
feature elu1(x) = elu(x) + 1

# Generalised attention without projections: the rows' own entries.
# Choromanski et al. 2021, section 2.2.
feature relu1(x) = relu(x) + 1e-3

# Plain linear attention; with a decay, RetNet.
# Sun et al., Retentive Network: A Successor to Transformer for Large Language
# Models, 2023.
feature identity(x) = x

# The second-order Taylor polynomial of exp: its kernel is 1 + s + s^2 / 2 with
# s = dot(q, k), which is positive everywhere.
# Arora et al., Simple Linear Attention Language Models Balance the
# Recall-Throughput Tradeoff, ICML 2024 (Based).
feature taylor2(x) = [1, x, outer(x, x) / sqrt(2)]

# Rows weighed by the cosine of their distance:
# dot(relu(q), relu(k)) * cos(pi * (i - j) / (2 * length)).
# Qin et al., cosFormer: Rethinking Softmax in Attention, ICLR 2022.
feature cosformer(x) = [
  relu(x) * cos(pi * position / (2 * length)),
  relu(x) * sin(pi * position / (2 * length))
]
`
