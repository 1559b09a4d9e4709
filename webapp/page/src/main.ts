document.body.append("Impasto");
