"""Makes model.pkl, a fitted pipeline of scikit-learn that tells rain from temperature and pressure. Wants scikit-learn."""

import pickle

import numpy
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

samples = numpy.array([[9.5, 1021.0], [14.25, 1002.5], [12.0, 996.0], [8.75, 1018.0], [17.5, 999.5], [21.0, 1015.0]])
model = make_pipeline(StandardScaler(), LogisticRegression()).fit(samples, ["dry", "rain", "rain", "dry", "rain", "dry"])
with open("model.pkl", "wb") as file:
    pickle.dump(model, file, 4)
