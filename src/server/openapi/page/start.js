// Shows the document of this server with Swagger UI. Credentials stay in this page, and are gone with it.
const api = document.getElementById("api")
window.ui = SwaggerUIBundle({
  domNode: api,
  url: api.dataset.document,
  deepLinking: true,
  defaultModelsExpandDepth: -1,
  displayRequestDuration: true,
  docExpansion: "none",
  filter: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
})
