"""A first look at Lincoln: a network learns to tell benign tumors from malignant ones.

python examples/demo.py [--quick] [--output FOLDER]
"""

from common import arguments, heading

import lincoln as lnc

args = arguments(__doc__)

heading("1. Data: 569 tumors, 30 measurements of each")
cancer = lnc.datasets.breast_cancer()
x, x_test, y, y_test = lnc.data.train_test_split(cancer.features, cancer.labels, test_size=0.2, seed=0)
x_train, x_valid, y_train, y_valid = lnc.data.train_test_split(x, y, test_size=0.2, seed=0)
scaler = lnc.data.Standardizer().fit(x_train)  # what it learns, it learns from the training part alone
x_train, x_valid, x_test = (scaler.transform(part) for part in (x_train, x_valid, x_test))
print(f"{len(x_train)} to learn from, {len(x_valid)} to watch while learning, {len(x_test)} held out for the end")

heading("2. A network, its loss and its optimizer")
network = lnc.Sequential(lnc.Dense(16, "relu"), lnc.Dense(1, "sigmoid"), seed=0)
loss = lnc.losses.LogLoss(network)
optimizer = lnc.optim.Adam(network, lr=0.005)
print(network.summary(x_train.shape[1]))

heading("3. Every derivative of the hand-written backward pass, against central differences")
report = lnc.check_gradients(loss, x_train[:8], y_train[:8])

heading("4. Training")
model = lnc.models.Classifier(network, loss, optimizer)
model.fit(
    x_train,
    y_train,
    epochs=5 if args.quick else 100,
    batch_size=32,
    valid=(x_valid, y_valid),
    early_stopping=10,  # epochs without a better validation loss; then the best weights come back
    print_every=None,
    progress=True,
)
print(f"best epoch: {model.history.best.number} of {len(model.history)}")

heading("5. Tumors that it has never seen")
counts = lnc.metrics.confusion_counts(model.predict(x_test), y_test)
for name, row in zip(cancer.classes, counts, strict=True):
    print(f"{name:>9}: taken for {', '.join(f'{cancer.classes[i]} {n} times' for i, n in enumerate(row))}")
print(f"held-out accuracy: {model.score(x_test, y_test):.1%}")

picture = args.output / "demo.png"
model.history.plot(picture, title="Breast cancer: 30 measurements, 16 hidden units")
print(f"curves: {picture}")
