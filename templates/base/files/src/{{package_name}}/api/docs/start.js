// Addresses are relative, so that the page works behind a proxy that adds a prefix.
SwaggerUIBundle({ dom_id: "#description", url: "openapi.json", deepLinking: true, validatorUrl: null });
