"""One file per verb; `main` names them."""
