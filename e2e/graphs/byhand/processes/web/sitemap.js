console.log("sitemap");
