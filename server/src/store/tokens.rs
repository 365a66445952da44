//! Table `tokens`. Only hashes are stored; a text is known when it is made and never again.

use secrecy::SecretString;
use sha2::{Digest, Sha256};
use slipway_pipelines::state::Millis;
use sqlx::SqliteExecutor;
use uuid::Uuid;

use super::{
    Store, StoreError,
    codec::corrupt,
    model::{Token, TokenId, TokenKind, TokenListed},
    row::row,
};

const TABLE: &str = "tokens";
/// How long a browser stays logged in.
const SESSION_MS: Millis = 30 * 24 * 3600 * 1000;
/// How long a login link is good for.
const LOGIN_MS: Millis = 24 * 3600 * 1000;

row! {
    struct Row {
        id: String,
        kind: String,
        name: String,
    }
}

impl TryFrom<Row> for Token {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let kind = TokenKind::parse(&row.kind).ok_or_else(|| corrupt(TABLE, format_args!("kind `{}`", row.kind)))?;
        Ok(Self { id: TokenId(row.id), kind, name: row.name })
    }
}

row! {
    struct ListedRow {
        id: String,
        kind: String,
        name: String,
        created: i64,
        expires: Option<i64>,
    }
}

impl TryFrom<ListedRow> for TokenListed {
    type Error = StoreError;

    fn try_from(ListedRow { id, kind, name, created, expires }: ListedRow) -> Result<Self, StoreError> {
        Ok(Self { token: Row { id, kind, name }.try_into()?, created, expires })
    }
}

/// Hex of random bytes.
pub(super) fn random_text(bytes: usize) -> String {
    let mut random = vec![0_u8; bytes];
    rand::fill(random.as_mut_slice());
    hex::encode(random)
}

/// What is stored of a token. The text has 256 random bits, so that a plain hash is enough, and to look a hash up
/// tells nothing by its timing that helps to find the text.
fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

impl Store {
    /// The text of a new token: 256 random bits.
    pub(crate) fn random_token() -> String {
        format!("slp_{}", random_text(32))
    }

    /// Makes a token that is valid until a time on the wall clock, or for ever. The text is returned this once.
    pub async fn create_token(
        &self,
        kind: TokenKind,
        name: &str,
        expires: Option<Millis>,
    ) -> Result<SecretString, StoreError> {
        let text = Self::random_token();
        let (hash, name) = (hash(&text), name.to_owned());
        self.write(move |tx| Box::pin(async move { insert(&mut *tx.connection, &hash, kind, &name, expires).await }))
            .await?;
        Ok(text.into())
    }

    /// All tokens that are good for something, oldest first; one-time logins are left out.
    pub async fn tokens(&self) -> Result<Vec<TokenListed>, StoreError> {
        let rows: Vec<ListedRow> = sqlx::query_as(
            "SELECT id, kind, name, created, expires FROM tokens WHERE kind <> $1 AND (expires IS NULL OR expires > $2) \
             ORDER BY created, id",
        )
        .bind(TokenKind::Login.as_str())
        .bind(crate::clock::now())
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(TokenListed::try_from).collect()
    }

    /// Makes a token with a name of its own among those of its kind: [`StoreError::Exists`] when it is taken.
    pub async fn add_token(
        &self,
        kind: TokenKind,
        name: &str,
        expires: Option<Millis>,
    ) -> Result<SecretString, StoreError> {
        let text = Self::random_token();
        let (hash, name) = (hash(&text), name.to_owned());
        self.write(move |tx| {
            Box::pin(async move {
                delete_expired(&mut *tx.connection).await?;
                let taken: Option<i64> = sqlx::query_scalar("SELECT 1 FROM tokens WHERE kind = $1 AND name = $2")
                    .bind(kind.as_str())
                    .bind(&name)
                    .fetch_optional(&mut *tx.connection)
                    .await?;
                if taken.is_some() {
                    return Err(StoreError::Exists);
                }
                insert(&mut *tx.connection, &hash, kind, &name, expires).await
            })
        })
        .await?;
        Ok(text.into())
    }

    /// Takes a token back; with an administrator's, the browsers that logged in with it. [`StoreError::LastToken`]: nobody could
    /// log in any more.
    pub async fn revoke_token(&self, id: &TokenId) -> Result<Token, StoreError> {
        let id = id.clone();
        self.write(move |tx| {
            Box::pin(async move {
                let row: Option<Row> = sqlx::query_as("SELECT id, kind, name FROM tokens WHERE id = $1 AND kind <> $2")
                    .bind(&id.0)
                    .bind(TokenKind::Login.as_str())
                    .fetch_optional(&mut *tx.connection)
                    .await?;
                let token = Token::try_from(row.ok_or(StoreError::NotFound)?)?;
                if token.kind == TokenKind::Admin {
                    let others: Option<i64> = sqlx::query_scalar(
                        "SELECT 1 FROM tokens WHERE kind = $1 AND id <> $2 AND expires IS NULL LIMIT 1",
                    )
                    .bind(TokenKind::Admin.as_str())
                    .bind(&id.0)
                    .fetch_optional(&mut *tx.connection)
                    .await?;
                    others.ok_or(StoreError::LastToken)?;
                    sqlx::query("DELETE FROM tokens WHERE kind = $1 AND name = $2")
                        .bind(TokenKind::Session.as_str())
                        .bind(&token.name)
                        .execute(&mut *tx.connection)
                        .await?;
                }
                delete(&mut *tx.connection, &id).await?;
                Ok(token)
            })
        })
        .await
    }

    /// Makes a text that somebody chose the token of a kind and name, in place of the one before.
    pub async fn set_token(&self, kind: TokenKind, name: &str, text: &str) -> Result<(), StoreError> {
        let (hash, name) = (hash(text), name.to_owned());
        self.write(move |tx| {
            Box::pin(async move {
                if by_hash(&mut *tx.connection, &hash).await?.is_some() {
                    return Ok(());
                }
                sqlx::query("DELETE FROM tokens WHERE kind = $1 AND name = $2")
                    .bind(kind.as_str())
                    .bind(&name)
                    .execute(&mut *tx.connection)
                    .await?;
                insert(&mut *tx.connection, &hash, kind, &name, None).await
            })
        })
        .await
    }

    /// Whether there is a token of this kind.
    pub async fn has_token(&self, kind: TokenKind) -> Result<bool, StoreError> {
        let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM tokens WHERE kind = $1 LIMIT 1")
            .bind(kind.as_str())
            .fetch_optional(&self.readers)
            .await?;
        Ok(found.is_some())
    }

    /// The token with this text, unless it has expired.
    pub async fn find_token(&self, text: &str) -> Result<Option<Token>, StoreError> {
        by_hash(&self.readers, &hash(text)).await
    }

    /// A one-time login link's token, good for a day.
    pub async fn create_login(&self) -> Result<SecretString, StoreError> {
        self.create_token(TokenKind::Login, "admin", Some(crate::clock::now() + LOGIN_MS)).await
    }

    /// Takes a one-time login token out: `None` when there is none, or it was taken before.
    pub async fn take_login(&self, text: &str) -> Result<Option<Token>, StoreError> {
        let hash = hash(text);
        self.write(move |tx| {
            Box::pin(async move {
                let found = by_hash(&mut *tx.connection, &hash).await?.filter(|token| token.kind == TokenKind::Login);
                if let Some(token) = &found {
                    delete(&mut *tx.connection, &token.id).await?;
                }
                Ok(found)
            })
        })
        .await
    }

    /// Logs a browser in: the value of its cookie.
    pub async fn create_session(&self, name: &str) -> Result<SecretString, StoreError> {
        self.write(|tx| Box::pin(async move { delete_expired(&mut *tx.connection).await })).await?;
        self.create_token(TokenKind::Session, name, Some(crate::clock::now() + SESSION_MS)).await
    }

    /// Who is behind a cookie's value.
    pub async fn check_session(&self, text: &str) -> Result<Option<Token>, StoreError> {
        Ok(self.find_token(text).await?.filter(|token| token.kind == TokenKind::Session))
    }

    /// Logs a browser out.
    pub async fn end_session(&self, text: &str) -> Result<(), StoreError> {
        let hash = hash(text);
        self.write(move |tx| {
            Box::pin(async move {
                match by_hash(&mut *tx.connection, &hash).await? {
                    Some(token) if token.kind == TokenKind::Session => delete(&mut *tx.connection, &token.id).await,
                    _ => Ok(()),
                }
            })
        })
        .await
    }
}

async fn insert(
    db: impl SqliteExecutor<'_>,
    hash: &str,
    kind: TokenKind,
    name: &str,
    expires: Option<Millis>,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO tokens (id, hash, kind, name, created, expires) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(Uuid::now_v7().to_string())
        .bind(hash)
        .bind(kind.as_str())
        .bind(name)
        .bind(crate::clock::now())
        .bind(expires)
        .execute(db)
        .await?;
    Ok(())
}

async fn by_hash(db: impl SqliteExecutor<'_>, hash: &str) -> Result<Option<Token>, StoreError> {
    let row: Option<Row> =
        sqlx::query_as("SELECT id, kind, name FROM tokens WHERE hash = $1 AND (expires IS NULL OR expires > $2)")
            .bind(hash)
            .bind(crate::clock::now())
            .fetch_optional(db)
            .await?;
    row.map(Token::try_from).transpose()
}

/// Whether a token is still there.
pub(super) async fn exists(db: impl SqliteExecutor<'_>, id: &TokenId) -> Result<bool, StoreError> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM tokens WHERE id = $1").bind(&id.0).fetch_optional(db).await?;
    Ok(found.is_some())
}

async fn delete(db: impl SqliteExecutor<'_>, id: &TokenId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM tokens WHERE id = $1").bind(&id.0).execute(db).await?;
    Ok(())
}

async fn delete_expired(db: impl SqliteExecutor<'_>) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM tokens WHERE expires <= $1").bind(crate::clock::now()).execute(db).await?;
    Ok(())
}
