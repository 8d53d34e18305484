from measuring import getting
import peers

sides = {
    "joblib": getting(peers.Joblib, "embedding"),
    "diskcache": getting(peers.Diskcache, "embedding"),
}
