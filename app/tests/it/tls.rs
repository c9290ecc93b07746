//! TLS to the database: a certificate is verified against the CA file, and so is the name.

use std::io::Write;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::support::database::TestDatabase;
use crate::support::process::{Ended, command, run};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut parameters = CertificateParams::new([]).expect("no names are valid names");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("keys can be made");
    CertifiedIssuer::self_signed(parameters, key).expect("it signs itself")
}

fn ca_file(authority: &Authority) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("files can be made");
    file.write_all(authority.pem().as_bytes()).expect("and written");
    file
}

/// What PostgreSQL does with TLS, in front of one that may not have it; gives the port.
async fn terminate(server: String, authority: &Authority, name: &str) -> u16 {
    let key = KeyPair::generate().expect("keys can be made");
    let parameters = CertificateParams::new([name.to_owned()]).expect("the name is one");
    let certificate = parameters.signed_by(&key, authority).expect("the authority signs");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("it is a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("certificate and key belong together");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port 0 is always free");
    let port = listener.local_addr().expect("it is bound").port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(carry(client, acceptor.clone(), server.clone()));
        }
    });
    port
}

/// The client asks for TLS with eight bytes and is answered with one:
/// <https://www.postgresql.org/docs/15/protocol-flow.html#id-1.10.6.7.12>.
async fn carry(mut client: TcpStream, acceptor: TlsAcceptor, server: String) -> std::io::Result<()> {
    let mut question = [0; 8];
    client.read_exact(&mut question).await?;
    assert_eq!(question, [0, 0, 0, 8, 4, 210, 22, 47], "the client must not go on in clear");
    client.write_all(b"S").await?;
    let mut client = acceptor.accept(client).await?;
    let mut server = TcpStream::connect(server).await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

async fn status(database: &TestDatabase, port: u16, host: &str, ca_file: &NamedTempFile) -> Ended {
    let mut url = database.url_through(port);
    url.set_host(Some(host)).expect("it is a host");
    let mut command = command(&["migrate", "status"]);
    command.env("DATABASE_URL", url.as_str()).env("DATABASE_CA_FILE", ca_file.path());
    run(command).await
}

#[tokio::test]
async fn the_database_is_reached_only_with_a_certificate_of_the_right_authority_for_its_name() {
    let database = TestDatabase::migrated().await;
    let authority = authority();
    let port = terminate(database.server_address(), &authority, "localhost").await;

    let ours = ca_file(&authority);
    let ended = status(&database, port, "localhost", &ours).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("0001  applied"), "{ended:?}");

    let ended = status(&database, port, "127.0.0.1", &ours).await;
    assert_eq!(ended.code, Some(1), "the certificate is for another name: {ended:?}");

    let somebody_elses = ca_file(&self::authority());
    let ended = status(&database, port, "localhost", &somebody_elses).await;
    assert_eq!(ended.code, Some(1), "the certificate is of another authority: {ended:?}");
}
