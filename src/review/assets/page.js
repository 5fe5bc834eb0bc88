// Lists the files and their outcomes. Text from outside goes in as text nodes only.
const state = document.getElementById("state");
const list = document.getElementById("files");
const answer = await fetch("/api/files");
if (answer.ok) {
  const { files } = await answer.json();
  state.textContent = `${files.length} files`;
  list.replaceChildren(...files.map((file) => {
    const line = document.createElement("li");
    line.textContent = `${file.name}: ${file.outcome}, ${file.state}, ${file.boxes} masks`;
    return line;
  }));
} else {
  state.textContent = "The list could not be read.";
}
