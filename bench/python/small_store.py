from measuring import putting
import peers

sides = {
    "joblib": putting(peers.Joblib, "embedding", is_kept=True),
    "diskcache": putting(peers.Diskcache, "embedding", is_kept=True),
}
