// The login page: sends the password as JSON, says why when it was refused.

const form = document.getElementById("login");
const field = document.getElementById("password");
const wrong = document.getElementById("wrong");

async function logIn(event) {
  event.preventDefault();
  wrong.hidden = true;
  try {
    const answer = await fetch("/api/login", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ password: field.value }),
    });
    if (answer.ok) return location.replace("/");
    say((await answer.json()).error);
  } catch {
    say("The gateway does not answer.");
  }
}

function say(sentence) {
  wrong.textContent = sentence;
  wrong.hidden = false;
  field.select();
}

form.addEventListener("submit", logIn);
