//! What `/openapi.json` says beyond the routes' own words: the answers that any route can give.

use utoipa::ToSchema;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, Header, HeaderBuilder, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, Ref,
    RefOr, Response, ResponseBuilder, Type,
};

use crate::problem::Problem;
use crate::{build, edge::Kind};

/// Where the document is served.
pub const PATH: &str = "/openapi.json";

/// The document before any route is in it.
#[must_use]
pub fn base() -> OpenApi {
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The token that the service was started with"))
        .build();
    let components = ComponentsBuilder::new()
        .security_scheme("token", SecurityScheme::Http(token))
        .schema(Problem::name(), <Problem as utoipa::PartialSchema>::schema())
        .build();
    OpenApiBuilder::new()
        .info(InfoBuilder::new().title("Short links").version(build::VERSION).build())
        .components(Some(components))
        .build()
}

/// Adds to every operation what the edge, the extractors and the router may answer in its place.
pub fn complete(openapi: &mut OpenApi) {
    for (path, item) in &mut openapi.paths.paths {
        let kind = match path.as_str() {
            "/health" | "/ready" => Kind::Probe,
            _ => Kind::Traffic,
        };
        for operation in operations(item) {
            complete_operation(operation, kind);
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.delete].into_iter().flatten()
}

fn complete_operation(operation: &mut Operation, kind: Kind) {
    let mut add = |status: &str, response: ResponseBuilder| {
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(response.build()));
    };
    add("500", problem("A fault of the service"));
    add(
        "503",
        problem("The service or its database is overloaded or away")
            .header("Retry-After", header("Seconds to wait before trying again", Type::Integer)),
    );
    if kind == Kind::Traffic && operation.parameters.as_ref().is_some_and(|all| !all.is_empty()) {
        add("400", problem("A parameter is not what the schema asks for"));
    }
    let mut add = |status: &str, response: ResponseBuilder| {
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(response.build()));
    };
    if operation.security.is_some() {
        add(
            "401",
            problem("The token is missing or wrong")
                .header("WWW-Authenticate", header("The challenge, as RFC 6750 has it", Type::String)),
        );
    }
    if operation.request_body.is_some() {
        add("400", problem("The body is not JSON"));
        add("408", problem("The body did not come in time"));
        add("413", problem("The body is too long"));
        add("415", problem("The body is not `application/json`"));
        add("422", problem("The body is JSON of another shape than the schema asks for"));
    }
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(Response { headers, .. }) = response {
            let id = header("The caller's request id, or a new one", Type::String);
            headers.insert("x-request-id".to_owned(), RefOr::T(id));
            let commit = header("The commit that the answering instance was built from", Type::String);
            headers.insert("x-commit".to_owned(), RefOr::T(commit));
        }
    }
    // Said by hyper before there is a request: it has no id, no commit and no body.
    let head = "The request's line and headers are over 16 KiB together";
    let too_long = ResponseBuilder::new().description(head).build();
    operation.responses.responses.insert("431".to_owned(), RefOr::T(too_long));
}

fn problem(description: &str) -> ResponseBuilder {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(Problem::name()))).build();
    ResponseBuilder::new().description(description).content("application/problem+json", content)
}

fn header(description: &str, kind: Type) -> Header {
    HeaderBuilder::new()
        .description(Some(description))
        .schema(Some(ObjectBuilder::new().schema_type(kind).build()))
        .build()
}
