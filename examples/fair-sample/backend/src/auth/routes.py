"""Signing in with a Supabase account."""

from functools import wraps

from flask import (
    Blueprint,
    current_app,
    jsonify,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from supabase import AuthApiError

from config import get_supabase, limiter
from src.errors import RegistryError

routes = Blueprint("auth", __name__)


def signed_in(view):
    """Only for people who signed in, unless the registry is open."""

    @wraps(view)
    def wrapper(*args, **kwargs):
        if "email" not in session and not current_app.config["REGISTRY_OPEN"]:
            raise RegistryError("Sign in first.", 401)
        return view(*args, **kwargs)

    return wrapper


@routes.route("/login", methods=["GET", "POST"])
@limiter.limit("10 per minute", methods=["POST"])
def login():
    if request.method == "GET":
        return render_template("login.html")
    email = request.form.get("email", "").strip()
    password = request.form.get("password", "")
    if not email or not password:
        raise RegistryError("Give an e-mail address and a password.")
    supabase = get_supabase()
    try:
        answer = supabase.auth.sign_in_with_password({"email": email, "password": password})
    except AuthApiError as error:
        raise RegistryError("These are not the right e-mail address and password.", 401) from error
    except Exception as error:
        current_app.logger.error("sign-in: %s", error)
        raise RegistryError("Signing in is not possible at the moment.", 502) from error
    session["email"] = answer.user.email
    return redirect(url_for("main.index"))


@routes.route("/logout", methods=["POST"])
def logout():
    session.clear()
    return redirect(url_for("main.index"))


@routes.route("/whoami")
def whoami():
    return jsonify(
        email=session.get("email"), address=request.remote_addr, scheme=request.scheme
    )
